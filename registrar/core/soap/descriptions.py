"""What RIS and Control Center say of themselves: the elements of their messages (administration 5.1, 5.2)."""

from __future__ import annotations

from registrar.core.soap.wsdl import Description, Part, many, optional, part

RIS = Description(
    service="RISService70",
    binding="RisBinding",
    types={
        "CmSelectionCriteria": (
            part("MaxReturnedDevices", "unsignedInt"),
            part("DeviceClass"),
            part("Model", "unsignedInt"),
            part("Status"),
            Part(name="NodeName", nil=True),
            part("SelectBy"),
            part("SelectItems", "ArrayOfSelectItem"),
            part("Protocol"),
            part("DownloadStatus"),
        ),
        "ArrayOfSelectItem": (many("item", "SelectItem"),),
        "SelectItem": (part("Item"),),
        "SelectCmDeviceReturn": (
            optional("SelectCmDeviceResult", "SelectCmDeviceResult"),
            optional("StateInfo"),
        ),
        "SelectCmDeviceResult": (
            optional("TotalDevicesFound", "unsignedInt"),
            optional("CmNodes", "ArrayOfCmNode"),
        ),
        "ArrayOfCmNode": (many("item", "CmNode"),),
        "CmNode": (
            optional("ReturnCode"),
            optional("Name"),
            optional("NoChange", "boolean"),
            optional("CmDevices", "ArrayOfCmDevice"),
        ),
        "ArrayOfCmDevice": (many("item", "CmDevice"),),
        "CmDevice": (
            optional("Name"),
            optional("DirNumber"),
            optional("DeviceClass"),
            optional("Model", "unsignedInt"),
            optional("Product", "unsignedInt"),
            optional("BoxProduct", "unsignedInt"),
            optional("Httpd"),
            optional("RegistrationAttempts", "unsignedInt"),
            optional("IsCtiControllable", "boolean"),
            optional("LoginUserId"),
            optional("Status"),
            optional("StatusReason", "unsignedInt"),
            optional("PerfMonObject", "unsignedInt"),
            optional("DChannel", "unsignedInt"),
            optional("Description"),
            optional("H323Trunk", "H323Trunk"),
            optional("TimeStamp", "unsignedLong"),
            optional("Protocol"),
            optional("NumOfLines", "unsignedInt"),
            optional("LinesStatus", "ArrayOfLineStatus"),
            optional("ActiveLoadID"),
            optional("InactiveLoadID"),
            optional("DownloadStatus"),
            optional("DownloadFailureReason"),
            optional("DownloadServer"),
            optional("IPAddress", "ArrayOfIPAddress"),
        ),
        "H323Trunk": (Part(name="ConfigName", nil=True, occurs="optional"),),
        "ArrayOfLineStatus": (many("item", "LineStatus"),),
        "LineStatus": (optional("DirectoryNumber"), optional("Status")),
        "ArrayOfIPAddress": (many("item", "IPAddress"),),
        "IPAddress": (optional("IP"), optional("IPAddrType"), optional("Attribute")),
    },
    requests=dict.fromkeys(
        ("selectCmDevice", "selectCmDeviceExt"),
        (part("StateInfo"), part("CmSelectionCriteria", "CmSelectionCriteria")),
    ),
    # One response for both operations. [documented]
    responses=dict.fromkeys(
        ("selectCmDevice", "selectCmDeviceExt"),
        ("selectCmDeviceResponse", (part("selectCmDeviceReturn", "SelectCmDeviceReturn"),)),
    ),
)


def control_center(service: str) -> Description:
    """Return what the WSDL of Control Center says. `service`: the last word of its address."""
    return Description(
        service=service,
        binding=f"{service}Binding",
        types={
            "ControlServiceRequest": (
                Part(name="NodeName", nil=True),
                part("ControlType"),
                part("ServiceList", "ArrayOfString"),
            ),
            "ArrayOfString": (many("item"),),
            "ServiceInformationResponse": (
                optional("ReturnCode", "int"),
                optional("ReasonCode", "int"),
                optional("ReasonString"),
                optional("ServiceInfoList", "ArrayOfServiceInformation"),
            ),
            "ArrayOfServiceInformation": (many("item", "ServiceInformation"),),
            "ServiceInformation": (
                optional("ServiceName"),
                optional("ServiceStatus"),
                optional("ReasonCode", "int"),
                optional("ReasonCodeString"),
                optional("StartTime"),
                optional("UpTime", "int"),
            ),
        },
        requests={
            "soapGetServiceStatus": (many("ServiceStatus"),),
            "soapDoControlServices": (part("ControlServiceRequest", "ControlServiceRequest"),),
        },
        responses={
            operation: (f"{operation}Response", (part(f"{operation}Return", "ServiceInformationResponse"),))
            for operation in ("soapGetServiceStatus", "soapDoControlServices")
        },
    )
