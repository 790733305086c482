"""The AXL objects this UCM has: their tables, natural keys, fields and search criteria, as data.

Structures: administration 2. [documented: AXL 12.5 = 14.0 = 15.0]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from registrar.core.axl import names
from registrar.core.axl.fields import ColumnForm, Field
from registrar.core.axl.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectKind:
    """One kind of object that AXL adds, gets, lists, updates and removes: its table and its elements."""

    name: str
    """As operations end, e.g. PhoneSecurityProfile."""
    element: str
    table: str
    keys: tuple[str, ...]
    """Tags of the natural key, all of them."""
    fields: tuple[Field, ...]
    criteria: tuple[str, ...]
    order: tuple[str, ...]
    """Tags in the order of an answer."""
    ignored: frozenset[str] = frozenset()
    """Structures that are accepted and not kept."""
    secret: frozenset[str] = frozenset()
    """Accepted, never kept and never answered."""
    unlisted: frozenset[str] = frozenset()
    renames: Mapping[str, str] = field(default_factory=dict)
    """Key tag -> the tag that gives it a new value in an update."""
    since: Version = (8, 5)
    ctiid: bool = False
    """Answers carry a ctiid attribute."""
    where: str = ""
    """Rows of the table that are of this kind."""
    keeps: bool = False
    """Elements without a column are kept as they came."""
    whole: tuple[tuple[str, ...], ...] = ()
    """Groups of which an update must give every element."""

    @property
    def newer(self) -> Mapping[str, Version]:
        """Elements that came later than the kind, with their version."""
        return names.NEWER.get(self.name, {})

    def field_of(self, tag: str) -> Field | None:
        """Return the field of an element; None: it is none of the columns."""
        return next((each for each in self.fields if each.tag == tag), None)


def _enum(tag: str, column: str, table: str, *, required: bool = False, read_only: bool = False) -> Field:
    return Field(
        tag=tag, column=column, form=ColumnForm.ENUM, table=table, required=required, read_only=read_only
    )


def _ref(
    tag: str,
    column: str,
    table: str,
    label: str,
    *,
    target: str = "name",
    required: bool = False,
    read_only: bool = False,
) -> Field:
    return Field(
        tag=tag,
        column=column,
        form=ColumnForm.REFERENCE,
        table=table,
        label=label,
        target=target,
        required=required,
        read_only=read_only,
    )


def _flag(tag: str, column: str) -> Field:
    return Field(tag=tag, column=column, form=ColumnForm.BOOLEAN)


def _number(tag: str, column: str, *group: str, listed: bool = True) -> Field:
    return Field(tag=tag, column=column, form=ColumnForm.INTEGER, group=group, listed=listed)


_NODE = _ref("processNodeName", "fkprocessnode", "processnode", "ProcessNode", read_only=True)

EXPRESSWAY = ObjectKind(
    name="ExpresswayCConfiguration",
    element="expresswayCConfiguration",
    table="expresswaycconfiguration",
    keys=("HostNameOrIP",),
    fields=(
        Field(tag="HostNameOrIP", column="hostnameorip", required=True),
        Field(tag="description", column="description", form=ColumnForm.OPTIONAL),
        Field(
            tag="X509SubjectNameorSubjectAlternateName",
            column="x509subjectnameorsubjectalternatename",
            form=ColumnForm.OPTIONAL,
        ),
    ),
    criteria=("HostNameOrIP", "description"),
    order=("HostNameOrIP", "description", "X509SubjectNameorSubjectAlternateName"),
    renames={"HostNameOrIP": "newHostNameOrIP"},
    since=(12, 5),
)

PROFILE = ObjectKind(
    name="PhoneSecurityProfile",
    element="phoneSecurityProfile",
    table="securityprofile",
    keys=("name",),
    fields=(
        _enum("phoneType", "tkmodel", "typemodel", required=True),
        _enum("protocol", "tkdeviceprotocol", "typedeviceprotocol", required=True),
        Field(tag="name", column="name", required=True),
        Field(tag="description", column="description"),
        _enum("deviceSecurityMode", "tkdevicesecuritymode", "typedevicesecuritymode"),
        _enum("authenticationMode", "tkauthenticationmode", "typeauthenticationmode"),
        _enum("keySize", "tkkeysize", "typekeysize"),
        _enum("keyOrder", "tkkeyorder", "typekeyorder"),
        _enum("ecKeySize", "tkeckeysize", "typeeckeysize"),
        _flag("tftpEncryptedConfig", "tftpencryptedconfig"),
        _flag("EnableOAuthAuthentication", "enableoauthauthentication"),
        _number("nonceValidityTime", "noncevaliditytime"),
        _enum("transportType", "tktransport", "typetransport"),
        _number("sipPhonePort", "sipphoneport"),
        _flag("enableDigestAuthentication", "enabledigestauthentication"),
        _flag("excludeDigestCredentials", "excludedigestcredentials"),
    ),
    criteria=("name", "description"),
    order=names.PROFILE.order,
    renames={"name": "newName"},
)

_SIP = ("ports", "sipPorts")
_MGCP = ("ports", "mgcpPorts")
CALLMANAGER = ObjectKind(
    name="CallManager",
    element="callManager",
    table="callmanager",
    keys=("name",),
    fields=(
        Field(tag="name", column="name"),
        Field(tag="description", column="description"),
        _number("ethernetPhonePort", "ethernetphoneport", "ports", listed=False),
        _number("listen", "mgcplistenport", *_MGCP, listed=False),
        _number("keepAlive", "mgcpkeepaliveport", *_MGCP, listed=False),
        _number("sipPhonePort", "sipphoneport", *_SIP, listed=False),
        _number("sipPhoneSecurePort", "sipphonesecureport", *_SIP, listed=False),
        _number("sipOAuthPort", "sipoauthport", *_SIP, listed=False),
        _number("sipOAuthMRAPort", "sipoauthmraport", *_SIP, listed=False),
        _NODE,
    ),
    criteria=("name", "description"),
    order=("name", "description", "autoRegistration", "ports", "processNodeName", "lbmGroup"),
    ignored=frozenset({"autoRegistration"}),
    renames={"name": "newName"},
    ctiid=True,
    keeps=True,
    whole=(("ports",),),
)

PROCESS_NODE = ObjectKind(
    name="ProcessNode",
    element="processNode",
    table="processnode",
    keys=("name",),
    fields=(
        Field(tag="name", column="name"),
        Field(tag="description", column="description"),
        Field(tag="mac", column="mac"),
        Field(tag="ipv6Name", column="ipv6name", form=ColumnForm.OPTIONAL),
        _enum("nodeUsage", "tknodeusage", "typenodeusage"),
        _enum("processNodeRole", "tkprocessnoderole", "typeprocessnoderole"),
    ),
    criteria=("name", "description", "processNodeRole"),
    order=("name", "description", "mac", "ipv6Name", "nodeUsage", "lbmHubGroup", "processNodeRole"),
)

PROCESS_NODE_SERVICE = ObjectKind(
    name="ProcessNodeService",
    element="processNodeService",
    table="processnodeservice",
    keys=("processNodeName", "service"),
    fields=(
        _NODE,
        _enum("service", "tkservice", "typeservice", read_only=True),
        _number("traceLevel", "tracelevel"),
        _number("userCategories", "usercategories"),
        _flag("enable", "enable"),
        _number("numFiles", "numfiles"),
        _number("maxFileSize", "maxfilesize"),
        _flag("isActive", "isactive"),
    ),
    criteria=("processNodeName",),
    order=(
        *("processNodeName", "service", "traceLevel", "userCategories", "enable", "numFiles", "maxFileSize"),
        "isActive",
    ),
)

SERVICE_PARAMETER = ObjectKind(
    name="ServiceParameter",
    element="serviceParameter",
    table="processconfig",
    keys=("processNodeName", "name", "service"),
    fields=(
        _NODE,
        Field(tag="name", column="paramname", read_only=True),
        _enum("service", "tkservice", "typeservice", read_only=True),
        Field(tag="value", column="paramvalue", form=ColumnForm.OPTIONAL),
        _enum("valueType", "tkparam", "typeparam", read_only=True),
    ),
    criteria=("processNodeName", "service"),
    order=("processNodeName", "name", "service", "value", "valueType"),
)

PHONE = ObjectKind(
    name="Phone",
    element="phone",
    table="device",
    keys=("name",),
    fields=(
        Field(tag="name", column="name", required=True),
        Field(tag="description", column="description"),
        _enum("product", "tkproduct", "typeproduct", required=True),
        _enum("model", "tkmodel", "typemodel", read_only=True),
        _enum("class", "tkclass", "typeclass", required=True),
        _enum("protocol", "tkdeviceprotocol", "typedeviceprotocol", required=True),
        _ref("devicePoolName", "fkdevicepool", "devicepool", "DevicePool", required=True),
        Field(tag="versionStamp", column="versionstamp"),
        _ref("securityProfileName", "fksecurityprofile", "securityprofile", "PhoneSecurityProfile"),
        _ref("sipProfileName", "fksipprofile", "sipprofile", "SipProfile"),
        _ref("ownerUserName", "fkenduser", "enduser", "User", target="userid"),
        _enum("certificateStatus", "tkcertificatestatus", "typecertificatestatus", read_only=True),
        Field(tag="isActive", column="isactive", form=ColumnForm.BOOLEAN),
    ),
    criteria=(
        "name",
        "description",
        "protocol",
        "callingSearchSpaceName",
        "devicePoolName",
        "securityProfileName",
    ),
    order=names.PHONE.order,
    ignored=(names.PHONE.structures - {"lines"})
    | {"userlocale", "mobileSmartClientProfileName"},  # before 10.0
    secret=frozenset({"sshPwd", "authenticationString"}),
    unlisted=names.PHONE_UNLISTED,
    renames={"name": "newName"},
    ctiid=True,
    where="tkclass = 1",
    keeps=True,
)

LINE = ObjectKind(
    name="Line",
    element="line",
    table="numplan",
    keys=("pattern", "routePartitionName"),
    fields=(
        Field(tag="pattern", column="dnorpattern", required=True),
        Field(tag="description", column="description"),
        _enum("usage", "tkpatternusage", "typepatternusage", required=True),
        _ref("routePartitionName", "fkroutepartition", "routepartition", "RoutePartition"),
        Field(tag="alertingName", column="alertingname"),
        Field(tag="asciiAlertingName", column="alertingnameascii"),
        Field(tag="active", column="isactive", form=ColumnForm.BOOLEAN),
    ),
    criteria=("pattern", "description", "usage", "routePartitionName"),
    order=names.LINE.order,
    ignored=names.LINE.structures - {"associatedDevices"},
    unlisted=names.LINE_UNLISTED,
    renames={"pattern": "newPattern", "routePartitionName": "newRoutePartitionName"},
    where="tkpatternusage = 2",
    keeps=True,
)

USER = ObjectKind(
    name="User",
    element="user",
    table="enduser",
    keys=("userid",),
    fields=(
        Field(tag="firstName", column="firstname"),
        Field(tag="displayName", column="displayname"),
        Field(tag="middleName", column="middlename"),
        Field(tag="lastName", column="lastname", required=True),
        Field(tag="userid", column="userid", required=True),
        Field(tag="mailid", column="mailid"),
        Field(tag="department", column="department"),
        Field(tag="manager", column="manager"),
        Field(tag="status", column="status", form=ColumnForm.INTEGER, read_only=True),
        Field(tag="directoryUri", column="directoryuri"),
        Field(tag="telephoneNumber", column="telephonenumber"),
        Field(tag="title", column="title"),
    ),
    criteria=("firstName", "lastName", "userid", "department"),
    order=names.USER.order,
    ignored=(names.USER.structures - {"associatedDevices"})
    | {"removeExtensionsInfo", "addExtensionsInfo", "primaryDevice", "accountType", "authenticationType"},
    secret=frozenset({"password", "pin", "digestCredentials", "mlppPassword"}),
    unlisted=names.USER_UNLISTED,
    renames={"userid": "newUserid"},
    keeps=True,
)

ROUTE_PARTITION = ObjectKind(
    name="RoutePartition",
    element="routePartition",
    table="routepartition",
    keys=("name",),
    fields=(Field(tag="name", column="name", required=True), Field(tag="description", column="description")),
    criteria=("name", "description"),
    order=(
        *("name", "description", "timeScheduleIdName", "useOriginatingDeviceTimeZone", "timeZone"),
        "partitionUsage",
    ),
    renames={"name": "newName"},
    keeps=True,
)

DEVICE_POOL = ObjectKind(
    name="DevicePool",
    element="devicePool",
    table="devicepool",
    keys=("name",),
    fields=(Field(tag="name", column="name", required=True),),
    criteria=("name",),
    order=names.DEVICE_POOL.order,
    ignored=names.DEVICE_POOL.structures,
    renames={"name": "newName"},
    keeps=True,
)
