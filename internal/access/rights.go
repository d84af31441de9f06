package access

// rightsVerbs are those of counsel's review of cases that touch rights.
var rightsVerbs = map[Verb][]Kind{"open": {"rights"}, "answer": {"rights"}, "agree": {"rights"}, "view": {"rights"}}
