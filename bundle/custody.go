package bundle

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Copy says for whom a copy of an export was sealed.
type Copy struct {
	Mark          string `json:"mark"`
	Ordinal       int    `json:"ordinal"` // which copy of this export, from 1
	RecipientRole string `json:"recipient_role"`
	Recipient     string `json:"recipient"` // pseudonymous mark of the person
}

// CustodyRecord is data/custody.json, schema lerd.custody/1.
type CustodyRecord struct {
	Schema     string        `json:"schema"`
	ExportID   string        `json:"export_id"`
	RequestRef string        `json:"request_ref"`
	LogOrigin  string        `json:"log_origin"`
	Copy       Copy          `json:"copy"`
	Steps      []Custody     `json:"steps"`
	Files      []CustodyBlob `json:"files"`
}

// CustodyBlob is a file of records that was in custody.
type CustodyBlob struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// marks are the signs of a mark: no I, L, O or U, which are misread.
// SPEC: Crockford's base 32.
const marks = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Mark gives the mark of the copy that the event of a sealing commits to: the
// first 50 bits of a SHA-256, as ten signs.
func Mark(eventID string) string {
	sum := sha256.Sum256([]byte("lerd copy v1\n" + eventID))
	out := make([]byte, 0, 10)
	var acc, bits uint
	for _, b := range sum[:7] {
		for acc, bits = acc<<8|uint(b), bits+8; bits >= 5 && len(out) < cap(out); bits -= 5 {
			out = append(out, marks[acc>>(bits-5)&31])
		}
	}
	return string(out)
}

// ParseCustody reads data/custody.json, holds it against its schema, and against
// export.json, with which it has to agree. The error is a *Fault.
func ParseCustody(b []byte, e *Export) (CustodyRecord, error) {
	c, f := parseCustody(b, e)
	if f == nil {
		f = c.blobs(e)
	}
	if f != nil {
		return CustodyRecord{}, f.in(CustodyFile, 0)
	}
	return c, nil
}

func parseCustody(b []byte, e *Export) (c CustodyRecord, _ *Fault) {
	if len(b) > MaxExport {
		return c, wrong(Size, "", "it is larger than %d octets", MaxExport)
	}
	v, f := parseJSON(b)
	if f != nil {
		return c, f
	}
	if f := custodySchema().check(v); f != nil {
		return c, f
	}
	if f := times(v, ""); f != nil {
		return c, f
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return c, wrong(Form, "", "%v", err)
	}
	if f := c.agrees(e); f != nil {
		return c, f
	}
	return c, c.inOrder(e)
}

// agrees sees that export.json says the same.
func (c *CustodyRecord) agrees(e *Export) *Fault {
	switch {
	case c.ExportID != e.ExportID, c.RequestRef != e.Request.Ref, c.LogOrigin != e.Audit.LogOrigin:
		return wrong(Differs, "export_id", "it is the custody record of another export")
	case c.Copy != e.Copy:
		return wrong(Differs, "copy", "export.json names another copy")
	case !slices.EqualFunc(c.Steps, e.Custody, sameStep):
		return wrong(Differs, "steps", "they are not those of export.json")
	}
	return nil
}

// blobs sees that the records in custody are the files that export.json lists.
func (c *CustodyRecord) blobs(e *Export) *Fault {
	for _, name := range []string{PhonesFile, IPsFile, OutcomesFile, RecordsFile} {
		i := slices.IndexFunc(e.Files, func(f File) bool { return f.Path == name })
		if i < 0 || !slices.Contains(c.Files, CustodyBlob{name, e.Files[i].Bytes, e.Files[i].SHA256}) {
			return wrong(Differs, "files", "%s has another size or digest than in export.json", name)
		}
	}
	if len(c.Files) != 4 {
		return wrong(Differs, "files", "it lists other files than the records'")
	}
	return nil
}

func sameStep(a, b Custody) bool {
	same := a.At.Equal(b.At)
	a.At, b.At = time.Time{}, time.Time{}
	return same && a == b
}

// inOrder sees that no step comes before the one above, and that where records
// are disclosed nobody had two parts in it.
func (c *CustodyRecord) inOrder(e *Export) *Fault {
	part := map[string]string{}
	for i, s := range c.Steps {
		if i > 0 && s.At.Before(c.Steps[i-1].At) {
			return wrong(Order, "steps", "step %d comes before the one above it", i+1)
		}
		if s.Role == "system" {
			continue
		}
		if was, ok := part[s.By]; ok && was != s.Role {
			return wrong(Scope, "steps", "one person appears as %s and as %s", was, s.Role)
		}
		part[s.By] = s.Role
	}
	if e.Minimisation.RecordsDisclosed == 0 {
		return nil
	}
	for _, action := range []string{"received", "decided", "retrieved", "approved", "sealed", "granted"} {
		if !slices.ContainsFunc(c.Steps, func(s Custody) bool { return s.Action == action }) {
			return wrong(Missing, "steps", "records are disclosed, and nobody is said to have %s", action)
		}
	}
	return c.confirmed(e)
}

// confirmed sees that each violation was confirmed by two.
func (c *CustodyRecord) confirmed(e *Export) *Fault {
	by := map[string]map[string]bool{}
	for _, s := range c.Steps {
		if s.Action == "confirmed" {
			if by[s.Object] == nil {
				by[s.Object] = map[string]bool{}
			}
			by[s.Object][s.By] = true
		}
	}
	for _, v := range e.RuleViolations {
		if object := fmt.Sprintf("finding about %s", v.SubjectRef); len(by[object]) < 2 {
			return wrong(Missing, "steps", "the violation by %s was not confirmed by two", v.SubjectRef)
		}
	}
	return nil
}
