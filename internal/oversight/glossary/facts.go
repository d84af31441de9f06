package glossary

// Words of codes: those of the pages where the same codes are chosen or shown, and
// for the rest the events' own.
const (
	own       = "event.value."
	caseState = "review.state."
)

// facts are read alike in every event.
var facts = map[string]Meaning{
	"account": is(Plain), "views": is(Plain), "about": code(own+"about.", "agency.kind."), "accepted": is(Plain), "acknowledge_by": is(Moment), "agency": is(ID), "annex3": is(Plain), "answer": code(own + "answer."), "appeal": code(own + "appeal."),
	"asice_sha256": is(Digest), "asked": is(Moment), "assertion": is(ID), "attachments": is(Plain), "attempt": is(Plain), "attempts": is(Plain), "attestation": is(Plain), "attestation_sha256": is(Digest),
	"auditor": is(Event), "authority": code("law.issuer."), "base": is(Digest), "because": code(own + "because."), "begins": is(Moment), "body_sha256": is(Digest), "breach": is(Plain),
	"bundles": is(Plain), "by": code(own + "by."), "bytes": is(Bytes), "call": is(ID), "cases_sha256": is(Digest), "categories": codes("category."), "certificate": code(own + "yes."), "changed": is(Plain),
	"channel": code("agency.channel."), "class": code("retention.class."), "clock": code("replay.clock."), "code": code("fraud.code.", own+"code."), "compulsion": code(own + "compulsion."), "conclusion": code("rights.conclusion."),
	"conflict": code(own + "conflict."), "containment": is(ID), "content_sha256": is(Digest), "contents_sha256": is(Digest), "copy": is(Plain), "counsel": is(Event), "country": is(Country), "counts_sha256": is(Digest),
	"day": is(Day), "days": is(Plain), "demand": code("risk.demand."), "detail": is(ID), "differences": is(Plain), "digest": is(Digest), "download": is(Plain), "downloads": is(Plain), "draft": is(ID), "drawn": is(Plain),
	"drawn_sha256": is(Digest), "due": is(Moment), "each": is(Plain), "edition": is(Plain), "effect_by": is(Moment), "emergency": code(own + "yes."), "encrypted_sha256": is(Digest), "ended": is(Moment), "ends": is(Moment),
	"ends_before": is(Moment), "engine": is(Plain), "entries": is(Plain), "entry": is(ID), "epoch": is(Plain), "erasure": is(ID), "error": is(Error), "event": is(Event), "events": is(Plain), "examined": is(Plain), "expires": is(Moment),
	"export_id": is(Plain), "export_json_sha256": is(Digest), "factors": codes(own + "factor."), "faults": is(Plain), "files": is(Plain), "finding": is(ID), "forgery": is(ID), "form": code(own + "form."),
	"from": code(own+"state.", caseState), "gag": is(ID), "got": is(Plain), "grade": code(own + "grade."), "grant": is(Plain), "had": is(Plain), "harm": code("error_report.harm."), "how": code(own + "how."),
	"idle": code(own + "yes."), "import": is(ID), "invitation": is(ID), "issued_on": is(Day), "issuer": is(Plain), "key_id": is(Plain), "known": is(Plain), "language": code(own + "language."), "level": code("risk.level."), "lines": is(Plain), "links": is(Plain),
	"log_root": is(Digest), "log_size": is(Plain), "loss_sha256": is(Digest), "machine": is(Plain), "manifest_sha256": is(Digest), "mark": is(ID), "method": code(own + "method."), "motion": is(ID), "name": is(Plain),
	"not_before": is(Moment), "notice_rule": code(own + "notice_rule."), "now": code(own + "resolution."), "number": is(Plain), "object": is(ID), "objection_sha256": is(Digest), "officer": is(Person), "omitted": is(Plain), "op": code(own + "op."),
	"openings": is(Plain), "openings_sha256": is(Digest), "order_sha256": is(Digest), "order_text": code(own + "yes."), "ordered_in": is(Case), "ordinal": is(Plain), "origin": is(Plain), "outcome": code(own + "outcome."), "pages": is(Plain), "passkey": is(ID), "percent": is(Plain),
	"period": is(Plain), "periods_unshown": is(Plain), "person": is(Person), "picture": code(own + "yes."), "platform_rule": is(Rule), "policy": is(Digest), "policy_sha256": is(Digest), "population": is(Plain), "population_sha256": is(Digest),
	"population_tree": is(Plain), "prejudice": code("error_report.prejudice."), "process": is(Process), "process_digest": is(Digest), "process_version": is(Plain), "profile": code(own + "profile."), "proposal": is(ID),
	"purpose": code(own + "purpose."), "query": code("audit_query.q.", own+"query."), "query_sha256": is(Digest), "question_sha256": is(Digest), "quorum": is(Plain), "reached": code("callback.reached."),
	"reason": code(own + "reason."), "receipt": is(Plain), "receipt_sha256": is(Digest), "received_at": is(Moment), "recipient": code(own + "recipient."), "recipients_sha256": is(Digest), "records": is(Plain), "ref": is(Plain),
	"refusal": is(Refusal), "release": is(Release), "release_sha256": is(Digest), "reminded": is(Plain), "replaces": is(ID), "request": is(Case), "requests": is(Plain), "resembles": is(Plain), "result": code(own + "result."), "result_sha256": is(Digest),
	"revetting": code(own + "yes."), "review": is(Moment), "review_before": is(Moment), "revisions": is(Plain), "role": code("role.", own+"role."), "root": is(Digest), "round": is(ID), "route": is(Plain), "row": is(Plain), "rows": is(Plain),
	"rule": is(Plain), "rule_version": is(Plain), "sample": is(Sample), "scan": code(own + "scan."), "seal_cert_sha256": is(Digest), "seconds": is(Seconds), "seed": is(Digest), "seed_root": is(Digest), "seed_tree": is(Plain),
	"self": code(own + "yes."), "sensitive_classes": is(Plain), "sent_sha256": is(Digest), "serious": code(own + "yes."), "settings_sha256": is(Digest), "sha256": is(Digest), "signatures": is(Plain), "signing": code(own + "signing."),
	"since": is(Moment), "size": is(Plain), "source": code(own+"source.", "gag.source.", "fraud.source."), "standing": code("agency.standing.", own+"key."), "state": code(own+"state.", caseState), "statement": is(Digest), "states": codes(own + "recall_state."),
	"strata": codes("audit_sample.by."), "subject": is(ID), "sums_sha256": is(Digest), "taken_over": code(own + "yes."), "target": is(Plain), "targets": is(Plain), "text": code(own + "yes."), "to": code(own+"state.", caseState),
	"told": code("error_report.told."), "total": is(Plain), "turned": is(Moment), "until": is(Moment), "verdict": code(own + "verdict."), "version": is(Plain), "wanted": code(own + "yes."), "what": code("error_report.what."),
	"why": code(own + "why."), "amendment": is(Plain),
}

// special are facts of the same name that mean something else in some events. kinds are
// patterns of package path.
var special = []struct {
	kinds, fact string
	Meaning
}{
	{"finding.*", "from", code(own + "finding.")},
	{"finding.*", "to", code(own + "finding.")},
	{"sample.* agency.statement_made", "from", Meaning{Form: Moment, Label: "from_moment"}},
	{"sample.* agency.statement_made", "to", Meaning{Form: Moment, Label: "to_moment"}},
	{"agency.statement_downloaded", "statement", is(ID)},
	{"audit_finding.*", "due", is(Day)},
	{"copy.*", "state", code(own + "release.")},
	{"export.* release.approved release.cancelled release.recalled", "state", code(own + "release.")},
	{"recall.*", "state", code(own + "recall_state.")},
	{"rights_review.*", "state", code(own + "rights.")},
	{"recall.* release.recalled", "reason", code("recall.reason.")},
	{"release.*", "reason", code(own+"grant.", "reissue.reason.")},
	{"containment.*", "reason", code("contain.reason.")},
	{"request.skipped", "reason", code("bench.skip.reason.")},
	{"agency.disowned_request", "reason", code("office.disown.reason.")},
	{"agency.*", "reason", code(own+"reason.", "agency.abandon.reason.", "agency.suspend.reason.")},
	{"containment.letter*", "how", code(own + "letter.")},
	{"forgery.*", "why", code("forgery.why.")},
	{"risk.marked", "why", code("sensitive.why.")},
	{"release.grant_ended", "why", code(own + "grant_end.")},
	{"key.*", "sha256", Meaning{Form: Digest, Label: "key_sha256"}},
	{"key.*", "standing", code(own + "key.")},
	{"echo.*", "by", code(own + "answered_by.")},
	{"report.*", "replaces", is(Digest)},
	{"request.settle_conflict", "form", code(own + "objection.")},
	{"person.suspended", "because", code(own + "suspended.")},
	{"passkey.removed", "because", code(own + "removed.")},
}

// series are facts whose names begin alike.
var series = []struct {
	begin string
	Meaning
}{
	{"days_", is(Plain)}, {"follows_", is(Case)}, {"kept_", is(Plain)},
}
