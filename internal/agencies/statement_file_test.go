package agencies

import (
	"bytes"
	"context"
	"io"
	"testing"

	"lerd/internal/agencies/statement"
	"lerd/internal/audit"
	"lerd/internal/fault"
)

// proofs are those of a log that has signed a statement, or not yet.
type proofs struct{ missing error }

func (p proofs) Proof(context.Context, audit.EventID) ([]byte, error) { return []byte("p"), p.missing }

func (proofs) Entry(context.Context, audit.EventID) (audit.Entry, error) { return nil, nil }

// kept is one file.
type kept []byte

func (kept) Put(context.Context, string, io.Reader) error { return nil }

func (k kept) Get(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(k)), nil
}

// TestAStatementIsHandedOutAsSigned: not before the log has signed it, and not where
// its file is another one.
func TestAStatementIsHandedOutAsSigned(t *testing.T) {
	sums := []byte("sums")
	file, err := statement.Zip([]statement.File{{Name: statement.SumsName, Body: sums}}, atNine)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		missing error
		sums    string
		want    fault.Kind
	}{
		"as signed":      {nil, sha256Hex(sums), ""},
		"not signed yet": {fault.New(fault.NotFound, "nothing"), sha256Hex(sums), fault.Unavailable},
		"another file":   {nil, sha256Hex([]byte("other")), fault.Gate},
	} {
		s := &Statements{Files: kept(file), Proofs: proofs{c.missing}}
		if _, err := s.proven(t.Context(), Statement{SumsSHA256: c.sums, MadeAt: atNine}); err == nil != (c.want == "") || err != nil && fault.KindOf(err) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
