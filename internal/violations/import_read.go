package violations

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"unicode/utf8"

	"lerd/internal/fault"
)

// MaxBody is how many bytes one delivery has at most.
const MaxBody = 1 << 20

// columns are those of a file, in this order.
var columns = []string{"reference", "account_id", "rule", "evidence", "appeal"}

// Template is a file with the heading and one invented row.
func Template() []byte {
	return []byte("reference,account_id,rule,evidence,appeal\r\nMOD-48213,10000001,PR-05,MOD-48213-E1,none\r\n")
}

// ReadCSV reads a file of findings: RFC 4180, UTF-8, the heading as in Template.
// Rows with too few or too many fields are told one by one.
func ReadCSV(r io.Reader) (rows []Row, faults []RowFault, err error) {
	body, err := io.ReadAll(io.LimitReader(r, MaxBody+1))
	if err != nil {
		return nil, nil, err
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	switch {
	case len(body) > MaxBody:
		return nil, nil, fault.New(fault.TooLarge, "A file of findings has at most 1 MB.")
	case !utf8.Valid(body):
		return nil, nil, badFile("The file is not UTF-8. Save it as “CSV UTF-8”.")
	}
	c := csv.NewReader(bytes.NewReader(body))
	c.FieldsPerRecord = -1
	head, err := c.Read()
	if err != nil || !slices.Equal(head, columns) {
		return nil, nil, badFile("The first line has to be: reference,account_id,rule,evidence,appeal")
	}
	for n := 1; ; n++ {
		line, err := c.Read()
		if errors.Is(err, io.EOF) {
			return rows, faults, nil
		}
		if err != nil {
			return nil, nil, badFile("The file is not CSV as RFC 4180 has it; look at its quotation marks.")
		}
		if n > MaxRows {
			return nil, nil, badFile("A file has at most 1000 findings. Divide it.")
		}
		if len(line) != len(columns) {
			faults = append(faults, RowFault{Row: n, Field: "row", Message: "A row has five fields."})
			rows = append(rows, Row{Malformed: true})
			continue
		}
		rows = append(rows, Row{Reference: line[0], Account: line[1], Rule: line[2], Evidence: line[3], Appeal: line[4]})
	}
}

func badFile(message string) error {
	return fault.Fields([]fault.Problem{{Field: "file", Message: message}})
}

// ReadJSON reads what a machine sends: {"findings": [Row, …]}, and nothing else.
func ReadJSON(body []byte) ([]Row, error) {
	var in struct {
		Findings []Row `json:"findings"`
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(&in)
	if err == nil {
		_, more := d.Token()
		if !errors.Is(more, io.EOF) {
			err = errors.New("something follows")
		}
	}
	if err != nil || len(body) > MaxBody || len(in.Findings) > MaxRows {
		return nil, fault.New(fault.Invalid, "The body is not {\"findings\": [...]} with at most 1000 findings of reference, account_id, rule, evidence and appeal.")
	}
	return in.Findings, nil
}
