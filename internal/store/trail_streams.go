package store

import (
	"strings"

	"gorm.io/gorm"

	"lerd/internal/requests"
)

// caseStreams gives each stream of events that belongs to a case: the prefix, and the
// ids of one case, @q. Whoever adds a table of a case adds its stream; a story of
// cmd/lerd compares with what the index of the log knows of the case.
var caseStreams = []struct{ prefix, ids string }{
	{"release", "SELECT id FROM release WHERE request_id = @q"}, // also of earlier rounds
	{"copy", "SELECT id FROM release_copy WHERE request_id = @q"},
	{"finding", "SELECT finding_id FROM finding_ask WHERE request_id = @q"},
	{"ask", "SELECT id FROM finding_ask WHERE request_id = @q"},
	{"document", "SELECT document_id FROM message_attachment WHERE request_id = @q"},
	{"message", "SELECT id FROM message WHERE request_id = @q"},
	{"grant", "SELECT id FROM release_grant WHERE request_id = @q"},
	{"grant_ending", "SELECT id FROM release_grant WHERE request_id = @q"},
	{"recall", "SELECT id FROM recall WHERE request_id = @q"},
	{"takeover", "SELECT id FROM takeover WHERE request_id = @q"},
	{"result", "SELECT id FROM result WHERE request_id = @q"},
	{"snapshot", "SELECT id FROM snapshot WHERE request_id = @q"},
	{"source_silence", "SELECT id FROM source_silence WHERE request_id = @q"},
	{"clearance", "SELECT id FROM risk_clearance WHERE request_id = @q"},
	{"override", "SELECT id FROM risk_override WHERE request_id = @q"},
	{"echo", "SELECT id FROM issuer_echo WHERE request_id = @q"},
	{"hold", "SELECT id FROM case_hold WHERE request_id = @q"},
	{"fraud", "SELECT id FROM fraud_case WHERE request_id = @q"},
	{"forgery", "SELECT id FROM known_forgery WHERE request_id = @q"},
	{"call", "SELECT id FROM call_back WHERE subject_kind = 'request' AND subject_id = @q"},
	{"skip", "SELECT id FROM case_skip WHERE request_id = @q"},
	{"gag", "SELECT id FROM gag WHERE request_id = @q"},
	{"user_notice", "SELECT id FROM user_notice WHERE request_id = @q"},
	{"legal_hold", "SELECT id FROM legal_hold WHERE request_id = @q"},
	{"rights_review", "SELECT id FROM rights_review WHERE request_id = @q"},
	{"disowned", "SELECT request_id FROM disowned_request WHERE request_id = @q"},
	{"error", "SELECT id FROM error_report WHERE case_id = @q"},
	{"audit_finding", "SELECT id FROM audit_finding WHERE case_id = @q"},
}

// streamsOf gives the streams of a case's events, and the beginnings of those of the
// looks at it and at its gags.
func streamsOf(tx *gorm.DB, c requests.Case) (streams, looks []string, err error) {
	q := string(c.Request.ID)
	streams = []string{requests.StreamOf(c.Request.ID), "document:" + string(c.Document.ID)}
	for _, own := range []string{"risk", "preservation", "source", "clock"} { // under the case's own id
		streams = append(streams, own+":"+q)
	}
	var parts []string
	for _, s := range caseStreams {
		parts = append(parts, "SELECT '"+s.prefix+":' || x.id FROM ("+s.ids+") x(id)")
	}
	var more []string
	if err := tx.Raw(strings.Join(parts, " UNION ALL "), map[string]any{"q": q}).Scan(&more).Error; err != nil {
		return nil, nil, err
	}
	looks = []string{"look:" + q}
	for _, s := range more {
		if id, ok := strings.CutPrefix(s, "gag:"); ok {
			looks = append(looks, "look:"+id)
		}
	}
	return append(streams, more...), looks, nil
}
