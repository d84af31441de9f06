package access

// oversightVerbs are those of the auditors' console.
var oversightVerbs = map[Verb][]Kind{
	"query": {"log"}, "sample": {"log"}, "export": {"dossier"},
	"list": {"audit_finding"}, "open": {"audit_finding", "report"}, "answer": {"audit_finding"}, "close": {"audit_finding"},
	"report": {"error"}, "assess": {"error"}, "excuse": {"error"},
}
