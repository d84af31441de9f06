package transparency

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/note"
)

// KeyName names the key that signs the reports of a log. It is another key than
// the log's: what is not a checkpoint is never signed by that.
func KeyName(origin string) string { return origin + "/transparency" }

// Digest gives the SHA-256 of a file in hexadecimal.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// statement is what is signed: the report's name, the checkpoint that it was
// computed at, and the digest of every file.
func (r *Report) statement(files map[string][]byte) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n%s edition %d\n%s %d %s\n", Schema, r.Period, r.Edition, r.Log.Origin, r.Log.Size, r.Log.Root)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "sha256 %s %s\n", Digest(files[name]), name)
	}
	return b.String()
}

// Seal signs a report. SPEC: C2SP signed-note.
func (r *Report) Seal(signer note.Signer) ([]byte, error) {
	if signer.Name() != KeyName(r.Log.Origin) {
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
		if s.Name == KeyName(r.Log.Origin) {
			return nil
		}
	}
	return &Finding{Code: BadSeal, File: SealName, Reason: "it is not signed by the key of this log's reports"}
}
