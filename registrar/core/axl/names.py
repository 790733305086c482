"""Element names of AXL objects, in the order the answers have them [documented: AXL 12.5; 14.0 and 15.0 equal].

What the lab has no state for is either kept as it came and shown again, or, where it is a structure of its own
(marked with *), accepted and not kept. Names not listed here are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from registrar.core.axl.versions import Version, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The elements of one kind of object, as the WSDL lists them."""

    order: tuple[str, ...]
    structures: frozenset[str]


def _names(text: str) -> Names:
    words = text.split()
    return Names(
        order=tuple(word.rstrip("*") for word in words),
        structures=frozenset(word[:-1] for word in words if word.endswith("*")),
    )


def _newer(text: str) -> Mapping[str, Version]:
    """Versions, each followed by the elements it brought."""
    found: dict[str, Version] = {}
    version: Version = (8, 5)
    for word in text.split():
        if word[0].isdigit():
            version = parse(word)
        else:
            found[word] = version
    return MappingProxyType(found)


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


PHONE = _names(
    """
    name description product model class protocol protocolSide callingSearchSpaceName devicePoolName
    commonDeviceConfigName commonPhoneConfigName networkLocation locationName mediaResourceListName
    networkHoldMohAudioSourceId userHoldMohAudioSourceId automatedAlternateRoutingCssName
    aarNeighborhoodName loadInformation* vendorConfig* versionStamp traceFlag mlppDomainId
    mlppIndicationStatus preemption useTrustedRelayPoint retryVideoCallAsAudio securityProfileName
    sipProfileName cgpnTransformationCssName useDevicePoolCgpnTransformCss geoLocationName
    geoLocationFilterName sendGeoLocation lines* numberOfButtons phoneTemplateName speeddials*
    busyLampFields* primaryPhoneName ringSettingIdleBlfAudibleAlert ringSettingBusyBlfAudibleAlert
    blfDirectedCallParks* addOnModules* userLocale networkLocale idleTimeout authenticationUrl directoryUrl
    idleUrl informationUrl messagesUrl proxyServerUrl servicesUrl services* softkeyTemplateName loginUserId
    defaultProfileName enableExtensionMobility currentProfileName loginTime loginDuration currentConfig*
    singleButtonBarge joinAcrossLines builtInBridgeStatus callInfoPrivacyStatus hlogStatus ownerUserName
    ignorePresentationIndicators packetCaptureMode packetCaptureDuration subscribeCallingSearchSpaceName
    rerouteCallingSearchSpaceName allowCtiControlFlag presenceGroupName unattendedPort requireDtmfReception
    rfc2833Disabled certificateOperation authenticationMode keySize keyOrder ecKeySize authenticationString
    certificateStatus upgradeFinishTime deviceMobilityMode roamingDevicePoolName remoteDevice dndOption
    dndRingSetting dndStatus isActive isDualMode mobilityUserIdName phoneSuite phoneServiceDisplay
    isProtected mtpRequired mtpPreferedCodec dialRulesName sshUserId sshPwd digestUser outboundCallRollover
    hotlineDevice secureInformationUrl secureDirectoryUrl secureMessageUrl secureServicesUrl
    secureAuthenticationUrl secureIdleUrl alwaysUsePrimeLine alwaysUsePrimeLineForVoiceMessage
    featureControlPolicy deviceTrustMode earlyOfferSupportForVoiceCall requireThirdPartyRegistration
    blockIncomingCallsWhenRoaming homeNetworkId AllowPresentationSharingUsingBfcp confidentialAccess*
    requireOffPremiseLocation allowiXApplicableMedia cgpnIngressDN useDevicePoolCgpnIngressDN msisdn
    enableCallRoutingToRdWhenNoneIsActive wifiHotspotProfile wirelessLanProfileGroup elinGroup
    enableActivationID activationIDStatus mraServiceDomain allowMraMode
    """
)
"""Of a phone."""

LINE = _names(
    """
    pattern description usage routePartitionName aarNeighborhoodName aarDestinationMask aarKeepCallHistory
    aarVoiceMailEnabled callForwardAll* callForwardBusy* callForwardBusyInt* callForwardNoAnswer*
    callForwardNoAnswerInt* callForwardNoCoverage* callForwardNoCoverageInt* callForwardOnFailure*
    callForwardAlternateParty* callForwardNotRegistered* callForwardNotRegisteredInt* callPickupGroupName
    autoAnswer networkHoldMohAudioSourceId userHoldMohAudioSourceId callingIdPresentationWhenDiverted
    alertingName asciiAlertingName presenceGroupName shareLineAppearanceCssName voiceMailProfileName
    patternPrecedence releaseClause hrDuration hrInterval cfaCssPolicy defaultActivatedDeviceName
    parkMonForwardNoRetrieveDn parkMonForwardNoRetrieveIntDn parkMonForwardNoRetrieveVmEnabled
    parkMonForwardNoRetrieveIntVmEnabled parkMonForwardNoRetrieveCssName parkMonForwardNoRetrieveIntCssName
    parkMonReversionTimer partyEntranceTone directoryURIs* allowCtiControlFlag rejectAnonymousCall
    patternUrgency confidentialAccess* externalCallControlProfile enterpriseAltNum* e164AltNum* pstnFailover
    callControlAgentProfile associatedDevices* useEnterpriseAltNum useE164AltNum active
    externalPresentationInfo*
    """
)
"""Of a directory number."""

USER = _names(
    """
    firstName displayName middleName lastName emMaxLoginTime userid password pin mailid department manager
    userLocale associatedDevices* primaryExtension* associatedPc associatedGroups* enableCti
    digestCredentials phoneProfiles* defaultProfile presenceGroupName subscribeCallingSearchSpaceName
    enableMobility enableMobileVoiceAccess maxDeskPickupWaitTime remoteDestinationLimit
    associatedRemoteDestinationProfiles* passwordCredentials* pinCredentials* associatedTodAccess* status
    enableEmcc associatedCapfProfiles* ctiControlledDeviceProfiles* patternPrecedence numericUserId
    mlppPassword customUserFields* homeCluster imAndPresenceEnable serviceProfile
    lineAppearanceAssociationForPresences* directoryUri telephoneNumber title mobileNumber homeNumber
    pagerNumber extensionsInfo* selfService userProfile calendarPresence ldapDirectoryName userIdentity
    nameDialing ipccExtension ipccRoutePartition convertUserAccount enableUserToHostConferenceNow
    attendeesAccessCode zeroHop customerName
    """
)
"""Of an end user."""

DEVICE_POOL = _names(
    """
    name autoSearchSpaceName dateTimeSettingName callManagerGroupName mediaResourceListName regionName
    networkLocale srstName connectionMonitorDuration automatedAlternateRoutingCssName aarNeighborhoodName
    locationName mobilityCssName physicalLocationName deviceMobilityGroupName revertPriority
    singleButtonBarge joinAcrossLines cgpnTransformationCssName cdpnTransformationCssName
    localRouteGroupName geoLocationName geoLocationFilterName callingPartyNationalPrefix
    callingPartyInternationalPrefix callingPartyUnknownPrefix callingPartySubscriberPrefix
    adjunctCallingSearchSpace callingPartyNationalStripDigits callingPartyInternationalStripDigits
    callingPartyUnknownStripDigits callingPartySubscriberStripDigits
    callingPartyNationalTransformationCssName callingPartyInternationalTransformationCssName
    callingPartyUnknownTransformationCssName callingPartySubscriberTransformationCssName
    calledPartyNationalPrefix calledPartyInternationalPrefix calledPartyUnknownPrefix
    calledPartySubscriberPrefix calledPartyNationalStripDigits calledPartyInternationalStripDigits
    calledPartyUnknownStripDigits calledPartySubscriberStripDigits calledPartyNationalTransformationCssName
    calledPartyInternationalTransformationCssName calledPartyUnknownTransformationCssName
    calledPartySubscriberTransformationCssName imeEnrolledPatternGroupName cntdPnTransformationCssName
    localRouteGroup* redirectingPartyTransformationCSS callingPartyTransformationCSS wirelessLanProfileGroup
    elinGroup mraServiceDomain
    """
)
"""Of a device pool."""

PROFILE = _names(
    """
    phoneType protocol name description deviceSecurityMode authenticationMode keySize keyOrder ecKeySize
    tftpEncryptedConfig EnableOAuthAuthentication nonceValidityTime transportType sipPhonePort
    enableDigestAuthentication excludeDigestCredentials
    """
)
"""Of a phone security profile."""

PHONE_UNLISTED = _set(
    """
    vendorConfig versionStamp mlppDomainId lines speeddials busyLampFields blfDirectedCallParks addOnModules
    services sshPwd cgpnIngressDN useDevicePoolCgpnIngressDN msisdn wifiHotspotProfile
    wirelessLanProfileGroup elinGroup activationIDStatus
    """
)
"""Not in the answers of listPhone."""

LINE_UNLISTED = _set(
    """
    callForwardAll callForwardBusy callForwardBusyInt callForwardNoAnswer callForwardNoAnswerInt
    callForwardNoCoverage callForwardNoCoverageInt callForwardOnFailure callForwardAlternateParty
    callForwardNotRegistered callForwardNotRegisteredInt directoryURIs patternUrgency
    callControlAgentProfile associatedDevices useEnterpriseAltNum useE164AltNum active
    externalPresentationInfo
    """
)
"""Not in the answers of listLine."""

USER_UNLISTED = _set(
    """
    displayName password pin associatedDevices associatedGroups digestCredentials phoneProfiles
    defaultProfile presenceGroupName associatedRemoteDestinationProfiles passwordCredentials pinCredentials
    associatedTodAccess associatedCapfProfiles ctiControlledDeviceProfiles customUserFields
    lineAppearanceAssociationForPresences extensionsInfo selfService userProfile ldapDirectoryName
    nameDialing ipccExtension ipccRoutePartition convertUserAccount enableUserToHostConferenceNow
    attendeesAccessCode zeroHop customerName
    """
)
"""Not in the answers of listUser."""

NEWER: Mapping[str, Mapping[str, Version]] = MappingProxyType(
    {
        "PhoneSecurityProfile": _newer(
            """
            11.0 keyOrder ecKeySize 12.5 EnableOAuthAuthentication
            """
        ),
        "Phone": _newer(
            """
            9.1 userLocale earlyOfferSupportForVoiceCall requireThirdPartyRegistration
            blockIncomingCallsWhenRoaming homeNetworkId AllowPresentationSharingUsingBfcp
            requireOffPremiseLocation 10.0 confidentialAccess allowiXApplicableMedia cgpnIngressDN
            useDevicePoolCgpnIngressDN msisdn enableCallRoutingToRdWhenNoneIsActive wifiHotspotProfile
            wirelessLanProfileGroup 11.0 keyOrder ecKeySize elinGroup 12.5 enableActivationID
            activationIDStatus mraServiceDomain allowMraMode
            """
        ),
        "Line": _newer(
            """
            9.1 directoryURIs allowCtiControlFlag rejectAnonymousCall 10.0 patternUrgency confidentialAccess
            externalCallControlProfile enterpriseAltNum e164AltNum pstnFailover callControlAgentProfile
            associatedDevices useEnterpriseAltNum useE164AltNum active 12.5
            callingIdPresentationWhenDiverted externalPresentationInfo
            """
        ),
        "User": _newer(
            """
            9.1 patternPrecedence numericUserId mlppPassword customUserFields homeCluster
            imAndPresenceEnable serviceProfile lineAppearanceAssociationForPresences directoryUri 10.0 title
            mobileNumber homeNumber pagerNumber extensionsInfo selfService userProfile calendarPresence
            ldapDirectoryName userIdentity nameDialing ipccExtension convertUserAccount 11.0 displayName
            enableUserToHostConferenceNow attendeesAccessCode 11.5 zeroHop 12.0 ipccRoutePartition 12.5
            emMaxLoginTime customerName
            """
        ),
        "DevicePool": _newer(
            """
            10.0 localRouteGroup redirectingPartyTransformationCSS callingPartyTransformationCSS
            wirelessLanProfileGroup 11.0 elinGroup 12.5 mraServiceDomain
            """
        ),
        "CallManager": _newer(
            """
            9.1 lbmGroup 12.5 sipOAuthPort sipOAuthMRAPort
            """
        ),
        "ProcessNode": _newer(
            """
            9.1 lbmHubGroup 10.0 processNodeRole cupDomain
            """
        ),
    }
)
"""Kind -> element -> the version that brought it; what is not listed is as old as 8.5."""
