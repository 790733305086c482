"""UCM's `type*` tables: each names the values of one enumeration (enum, name, moniker).

Names are AXL's (enumerations of the AXL schema) [documented]. Numbers marked observed come from administration
7; the others are assumed, as monikers without a mark are: made by UCM's visible pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CSF_MODEL = 503
CSF_PRODUCT = 390
SIP_PROTOCOL = 11
PHONE_CLASS = 1
USER_CONTROLS_DEVICE = 1
DEVICE_PATTERN = 2
PUBLISHER = 0
SUBSCRIBER = 1

TOMCAT = 5
TOMCAT_TRUST = 6
CALLMANAGER = 3
CALLMANAGER_TRUST = 4
CAPF = 9

ENTERPRISE_WIDE = "Enterprise Wide"
CALLMANAGER_SERVICE = "Cisco CallManager"
TFTP_SERVICE = "Cisco Tftp"
TOMCAT_SERVICE = "Cisco Tomcat"
AXL_SERVICE = "Cisco AXL Web Service"
RIS_SERVICE = "Cisco RIS Data Collector"

NODE_SERVICES = (
    CALLMANAGER_SERVICE,
    TFTP_SERVICE,
    "Cisco CTIManager",
    RIS_SERVICE,
    AXL_SERVICE,
    TOMCAT_SERVICE,
    "Cisco Certificate Authority Proxy Function",
    "Cisco Trust Verification Service",
)
"""Services every node has a `processnodeservice` row for."""

ENUMERATIONS: Mapping[str, Mapping[int, str]] = MappingProxyType(
    {
        "typenodeusage": {0: "Publisher", 1: "Subscriber"},  # observed
        "typeprocessnoderole": {1: "CUCM Voice/Video", 2: "CUCM IM and Presence"},
        "typessomode": {0: "Disable", 1: "Agent Flow", 2: "SAML"},  # observed
        "typedevicesecuritymode": {1: "Non Secure", 2: "Authenticated", 3: "Encrypted"},
        "typetransport": {1: "TCP", 2: "UDP", 3: "TLS", 4: "TCP+UDP"},
        "typeauthenticationmode": {
            1: "By Authentication String",
            2: "By Null String",
            3: "By Existing Certificate (precedence to LSC)",
            4: "By Existing Certificate (precedence to MIC)",
        },
        "typekeyorder": {1: "RSA Only", 2: "EC Only", 3: "EC Preferred, RSA Backup"},
        "typekeysize": {1: "512", 2: "1024", 3: "2048", 4: "3072", 5: "4096"},
        "typeeckeysize": {1: "256", 2: "384", 3: "521"},
        "typedeviceprotocol": {0: "SCCP", SIP_PROTOCOL: "SIP", 99: "Protocol Not Specified"},  # 0, 11 observed
        "typeclass": {PHONE_CLASS: "Phone"},
        "typemodel": {  # observed
            CSF_MODEL: "Cisco Unified Client Services Framework",
            562: "Cisco Dual Mode for iPhone",
            575: "Cisco Dual Mode for Android",
            652: "Cisco Jabber for Tablet",
            683: "Cisco 8841",
            684: "Cisco 8851",
            685: "Cisco 8861",
            36224: "Cisco 8845",
            36225: "Cisco 8865",
            621: "Cisco 7821",
            622: "Cisco 7841",
            623: "Cisco 7861",
            36217: "Cisco 8811",
        },
        "typeproduct": {  # 390 observed; the others are made up, one for each model
            CSF_PRODUCT: "Cisco Unified Client Services Framework",
            1562: "Cisco Dual Mode for iPhone",
            1575: "Cisco Dual Mode for Android",
            1652: "Cisco Jabber for Tablet",
            1683: "Cisco 8841",
            1684: "Cisco 8851",
            1685: "Cisco 8861",
            37224: "Cisco 8845",
            37225: "Cisco 8865",
            1621: "Cisco 7821",
            1622: "Cisco 7841",
            1623: "Cisco 7861",
            37217: "Cisco 8811",
        },
        "typepatternusage": {DEVICE_PATTERN: "Device"},
        "typeuserassociation": {USER_CONTROLS_DEVICE: "CtiCtrl In"},
        "typecertificatestatus": {
            1: "None",
            2: "Operation Pending",
            3: "Upgrade Success",
            4: "Upgrade Failed",
            5: "Delete Success",
        },
        "typecertificatedistribution": {1: "Local", 2: "Cluster"},
        "typeparam": {
            1: "boolean",
            2: "double",
            3: "long",
            4: "string",
            5: "date/time",
            6: "any digit",
            7: "digits",
            8: "timeout",
            9: "terminating",
            10: "more digits",
        },
        "typeservice": {
            0: CALLMANAGER_SERVICE,
            1: TFTP_SERVICE,
            6: "Cisco CTIManager",
            7: RIS_SERVICE,
            11: ENTERPRISE_WIDE,
            26: "Cisco Certificate Authority Proxy Function",
            36: AXL_SERVICE,
            57: TOMCAT_SERVICE,
            58: "Cisco Trust Verification Service",
        },
    }
)

CERTIFICATE_SERVICES: tuple[tuple[int, str, bool], ...] = (  # observed (release 8.6)
    (1, "Phone-trust", True),
    (2, "Phone-VPN-trust", True),
    (CALLMANAGER, "CallManager", False),
    (CALLMANAGER_TRUST, "CallManager-trust", True),
    (TOMCAT, "tomcat", False),
    (TOMCAT_TRUST, "tomcat-trust", True),
    (7, "ipsec", False),
    (8, "ipsec-trust", True),
    (CAPF, "CAPF", False),
    (10, "CAPF-trust", True),
    (11, "TVS", False),
    (12, "TVS-trust", True),
    (13, "directory-trust", True),
    (14, "Phone-SAST-trust", True),
    (15, "Phone-CTL-trust", True),
    (16, "userlicensing-trust", True),
)
"""`typecertificateservice`: enum, name, usestruststore."""

_SSO_MONIKERS = {0: "SSO_MODE_DISABLE", 1: "SSO_MODE_AGENT_FLOW", 2: "SSO_MODE_SAML"}  # observed


def moniker(table: str, number: int, name: str) -> str:
    """Return the moniker of a type, e.g. CERTIFICATE_SERVICE_TOMCAT_TRUST [observed pattern]."""
    if table == "typessomode":
        return _SSO_MONIKERS[number]
    word = "".join(c if c.isalnum() else "_" for c in name).upper().strip("_")
    prefix = "CERTIFICATE_SERVICE" if table == "typecertificateservice" else table.removeprefix("type").upper()
    return f"{prefix}_{word}"


def product_of_model(model: int) -> int:
    """Return the product that has the model's name; the Client Services Framework for an unknown model."""
    name = ENUMERATIONS["typemodel"].get(model)
    for number, product in ENUMERATIONS["typeproduct"].items():
        if product == name:
            return number
    return CSF_PRODUCT
