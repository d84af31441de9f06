package transparency

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
)

// KeyName names the key that signs the reports of a log, by the name of the log's
// first epoch: it stays when the log goes on under another origin. It is another
// key than the log's: what is not a checkpoint is never signed by that.
func KeyName(log string) string { return log + keySuffix }

const keySuffix = "/transparency"

// keyOf tells whether a key of that name signs reports of this one's log.
func (r *Report) keyOf(name string) bool {
	log, ok := strings.CutSuffix(name, keySuffix)
	return ok && audit.EpochOf(log, r.Log.Origin) > 0
}

// Digest gives the SHA-256 of a file in hexadecimal.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// statement is what is signed: the report's name, the checkpoint that it was
// computed at, where the log has gaps its origins and what is missing, and the
// digest of every file.
func (r *Report) statement(files map[string][]byte) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n%s edition %d\n%s %d %s\n", Schema, r.Period, r.Edition, r.Log.Origin, r.Log.Size, r.Log.Root)
	for _, s := range r.Origins {
		fmt.Fprintf(&b, "origin %s entries %d to %d\n", s.Origin, s.First, s.Last)
	}
	for _, g := range r.Gaps {
		fmt.Fprintf(&b, "gap %s entries %s to %s, between %s and %s\n", g.Origin, orUnknown(g.First), orUnknown(g.Last), cmp.Or(g.After, unknown), g.Until)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "sha256 %s %s\n", Digest(files[name]), name)
	}
	return b.String()
}

// Seal signs a report. SPEC: C2SP signed-note.
func (r *Report) Seal(signer note.Signer) ([]byte, error) {
	if !r.keyOf(signer.Name()) {
		return nil, fmt.Errorf("the key's name %q is not that of the reports of %q", signer.Name(), r.Log.Origin)
	}
	return note.Sign(&note.Note{Text: r.statement(r.Files())}, signer)
}

// OpenSeal verifies a seal over exactly these files.
func (r *Report) OpenSeal(seal []byte, files map[string][]byte, keys note.Verifiers) error {
	n, err := note.Open(seal, keys)
	if err != nil {
		return &Finding{Code: BadSeal, File: SealName, Reason: "the signature is not valid under the given key", Err: err}
	}
	if n.Text != r.statement(files) {
		return &Finding{Code: BadSeal, File: SealName, Reason: "what was signed are not these files, or not this period, edition and checkpoint"}
	}
	for _, s := range n.Sigs {
		if r.keyOf(s.Name) {
			return nil
		}
	}
	return &Finding{Code: BadSeal, File: SealName, Reason: "it is not signed by the key of this log's reports"}
}
