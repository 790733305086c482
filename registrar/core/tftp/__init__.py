"""The Cisco Tftp service: configuration files of devices, on 6970 and over TLS on 6971 and 6972."""
