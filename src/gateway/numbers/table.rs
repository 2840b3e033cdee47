//! The codes, in the order of the list.

use crate::gateway::code::codes;
use crate::verdict::{Advice, Class, Executed, Verdict, Word};

/// A refusal. The list has unsuccessful requests answered with HTTP 400, 401, 403 or 500; the first and the third, which
/// these codes come with, say that the request was not processed.
const REFUSED: Verdict = Verdict::new(Class::Permanent).with_executed(Executed::No, Word::Registry);
const FIX_REQUEST: Verdict = REFUSED.with_advice(Advice::FixRequest);
const CHANGE_STATE: Verdict = REFUSED.with_advice(Advice::ChangeState);
const ASK_PERMISSION: Verdict = REFUSED.with_advice(Advice::AskPermission);

codes! {
    ADDRESS_CANNOT_BE_DELETED "ADDRESS_CANNOT_BE_DELETED"
        Some("A request to delete an address could not be processed as there are existing numbers which are linked to this address."),
        ConflictInUse, CHANGE_STATE, "unlink the numbers from it first";
    NUMBER_BELONGS_TO_DIFFERENT_PROPERTY "NUMBER_BELONGS_TO_DIFFERENT_PROPERTY"
        Some("The number provided in the request belongs to a different property than the one provided in the request."),
        Conflict, FIX_REQUEST, "number and property of the request do not belong together: name the right one";
    COUNTRY_UNAVAILABLE "COUNTRY_UNAVAILABLE"
        Some("Attempted access to a country which is not available."),
        Permanent, FIX_REQUEST, "it may be unavailable to this account only";
    FORBIDDEN "FORBIDDEN"
        Some("A request could not be processed due to missing permissions."),
        Auth, ASK_PERMISSION, "";
    PARAMETER_REQUIRED "PARAMETER_REQUIRED"
        Some("A required parameter is missing. The name of the missing parameter is available in the error message and as ‘FieldName’ in the ‘Error’ object (see above)."),
        Permanent, FIX_REQUEST, "`FieldName` names the parameter";
    PARAMETER_INVALID "PARAMETER_INVALID"
        Some("A supplied parameter is not within appropriate bounds. The name of the missing parameter is available in the error message and as ‘FieldName’ in the ‘Error’ object (see above)."),
        Permanent, FIX_REQUEST, "`FieldName` names the parameter, which is there but out of bounds";
    PARAMETER_TOO_SHORT "PARAMETER_TOO_SHORT"
        Some("A provided parameter is too short. More details are available in the error message."),
        Permanent, FIX_REQUEST, "";
    PARAMETER_TOO_LONG "PARAMETER_TOO_LONG"
        Some("A provided parameter is too long. More details are available in the error message."),
        Permanent, FIX_REQUEST, "";
    ONE_OF_SEVERAL_PARAMETERS_REQUIRED "ONE_OF_SEVERAL_PARAMETERS_REQUIRED"
        Some("At least one parameter from several parameters must be provided. The name of the parameters are available in the error message and (concatenated) as ‘FieldName’ in the ‘Error’ object (see above)."),
        Permanent, FIX_REQUEST, "`FieldName` joins the names of the parameters";
    ADDRESS_NOT_FOUND "ADDRESS_NOT_FOUND"
        Some("A matching address could not be found."),
        NotFound, FIX_REQUEST, "";
    NUMBER_NOT_FOUND "NUMBER_NOT_FOUND"
        Some("A matching phone number could not be found."),
        NotFound, FIX_REQUEST, "";
    LOCATION_NOT_FOUND "LOCATION_NOT_FOUND"
        Some("The combination of geographical filters that were provided cannot be resolved to a known location."),
        NotFound, FIX_REQUEST, "";
    COUNTRY_NOT_FOUND "COUNTRY_NOT_FOUND"
        Some("A matching country could not be found."),
        NotFound, FIX_REQUEST, "";
    PROPERTY_NOT_FOUND "PROPERTY_NOT_FOUND"
        Some("A matching property could not be found."),
        NotFound, FIX_REQUEST, "";
    ACCOUNT_NOT_FOUND "ACCOUNT_NOT_FOUND"
        Some("A matching account could not be found."),
        NotFound, FIX_REQUEST, "";
    CALL_NOT_FOUND "CALL_NOT_FOUND"
        Some("A matching call could not be found."),
        NotFound, FIX_REQUEST, "";
    UNKNOWN_ROUTING_METHOD "UNKNOWN_ROUTING_METHOD"
        Some("A provided routing method is not known."),
        Permanent, FIX_REQUEST, "";
    UNKNOWN_RECORDING_OPTION "UNKNOWN_RECORDING_OPTION"
        Some("A provided recording option is not known."),
        Permanent, FIX_REQUEST, "";
    UNKNOWN_CAPABILITY "UNKNOWN_CAPABILITY"
        Some("A provided capability is not known."),
        Permanent, FIX_REQUEST, "";
    UNKNOWN_DISPOSITION "UNKNOWN_DISPOSITION"
        Some("A provided disposition is not known."),
        Permanent, FIX_REQUEST, "";
    UNKNOWN_NUMBERTYPE "UNKNOWN_NUMBERTYPE"
        Some("A provided number type is not known."),
        Permanent, FIX_REQUEST, "";
    INVALID_PHONENUMBER_FORMAT "INVALID_PHONENUMBER_FORMAT"
        Some("A provided number is not in the expected format (E.164)."),
        Permanent, FIX_REQUEST, "`PhoneNumber` checks it before it is sent";
    INVALID_COUNTRYCODE_FORMAT "INVALID_COUNTRYCODE_FORMAT"
        Some("A provided country code is not in the expected format (ISO 3166-1)."),
        Permanent, FIX_REQUEST, "`CountryCode` checks it before it is sent";
    CONFLICTING_PARAMETERS "CONFLICTING_PARAMETERS"
        Some("Provided parameters are conflicting with each other."),
        Permanent, FIX_REQUEST, "not on the saved list: a newer page of the API has it";
}
