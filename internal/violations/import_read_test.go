package violations

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"lerd/internal/fault"
)

const heading = "reference,account_id,rule,evidence,appeal\r\n"

// TestAFileOfFindingsIsReadWholeOrNot gives files that are too large, by their bytes
// and by their rows, and files that are nothing of the sort. A file of which only the
// beginning was read would be taken for all that moderation found.
func TestAFileOfFindingsIsReadWholeOrNot(t *testing.T) {
	row := func(evidence string) string { return "MOD-1,10000001,PR-05," + evidence + ",none\r\n" }
	full := heading + row(strings.Repeat("E", MaxBody-len(heading)-len(row(""))))
	if rows, faults, err := ReadCSV(strings.NewReader(full)); err != nil || len(rows) != 1 || len(faults) != 0 || rows[0].Appeal != "none" {
		t.Errorf("a file of exactly %d bytes: %d rows, %v, %v", len(full), len(rows), faults, err)
	}
	for name, x := range map[string]struct {
		body string
		kind fault.Kind
	}{
		"one byte too many":         {full + " ", fault.TooLarge},
		"a second MB":               {full + strings.Repeat(row("E"), MaxBody/len(row("E"))), fault.TooLarge},
		"one row too many":          {heading + strings.Repeat(row("E"), MaxRows+1), fault.Invalid},
		"another heading":           {"account_id,reference,rule,evidence,appeal\r\n" + row("E"), fault.Invalid},
		"no heading":                {row("E"), fault.Invalid},
		"nothing":                   {"", fault.Invalid},
		"Latin-1":                   {heading + row("caf\xe9"), fault.Invalid},
		"a quotation mark too many": {heading + row(`"E`), fault.Invalid},
	} {
		if rows, _, err := ReadCSV(strings.NewReader(x.body)); fault.KindOf(err) != x.kind || len(rows) != 0 {
			t.Errorf("%s: %d rows, %v, want %v", name, len(rows), err, x.kind)
		}
	}
	if rows, faults, err := ReadCSV(strings.NewReader(heading + strings.Repeat(row("E"), MaxRows))); err != nil || len(rows) != MaxRows || len(faults) != 0 {
		t.Errorf("as many rows as may be: %d, %v, %v", len(rows), faults, err)
	}
}

// TestAMachinesFindingsAreReadWholeOrNot does the same with what a machine sends.
func TestAMachinesFindingsAreReadWholeOrNot(t *testing.T) {
	body := func(n int, pad int) []byte {
		rows := bytes.Repeat([]byte(`{"reference":"MOD-1","account_id":"10000001","rule":"PR-05","evidence":"E","appeal":"none"},`), n)
		return fmt.Appendf(nil, `{"findings":[%s]%s}`, bytes.TrimSuffix(rows, []byte(",")), strings.Repeat(" ", pad))
	}
	if rows, err := ReadJSON(body(MaxRows, 0)); err != nil || len(rows) != MaxRows {
		t.Errorf("as many as may be: %d, %v", len(rows), err)
	}
	for name, b := range map[string][]byte{
		"one too many":           body(MaxRows+1, 0),
		"too many bytes":         body(1, MaxBody),
		"something that follows": append(body(1, 0), "{}"...),
		"an unknown field":       []byte(`{"findings":[],"all":true}`),
		"no object":              []byte(`[]`),
		"nothing":                nil,
	} {
		if rows, err := ReadJSON(b); fault.KindOf(err) != fault.Invalid || len(rows) != 0 {
			t.Errorf("%s: %d findings, %v", name, len(rows), err)
		}
	}
}
