package access

// accountVerbs are those that apply to people's accounts. A kind of object is the
// role of the account: an agency's officers and its administrators, auditors, and
// the rest of the platform's own people; "account" is the pages themselves.
var accountVerbs = map[Verb][]Kind{
	"list": {"account", "staff", "auditor", "agency_admin", "officer"}, "change": {"account"},
	"invite": {"staff", "auditor", "agency_admin", "officer"}, "suspend": {"staff", "agency_admin", "officer"}, "lead": {"staff"},
	"propose": {"auditor"}, "decide": {"auditor"},
}
