// Package witness asks witnesses to cosign the log's checkpoints. A witness is
// somebody else's program that remembers the newest checkpoint which it saw and
// cosigns only what has grown out of it: a log that was set back, or that shows
// two histories, cannot get its cosignature.
//
// Invariants:
//   - a cosignature counts only after it was verified against the configured key
//     and the very checkpoint that was sent;
//   - a witness that is away, slow or broken is a delay and never a verdict; one
//     that has seen more of the log, or another history, is an *audit.Violation;
//   - nothing here signs, and nothing is sent but what the keeper already holds.
//
// SPEC: C2SP tlog-witness, tlog-cosignature.
package witness

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 16 << 10

// Doer sends a request; *http.Client is one. It should not follow redirects.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Client asks one witness.
type Client struct {
	Key  note.Verifier // of its cosignatures, from audit.NewWitness
	URL  string        // its submission prefix, to which /add-checkpoint is added
	HTTP Doer
}

// Submission is one request to a witness.
type Submission struct {
	Old    uint64                 // the size that the witness cosigned last
	Proof  []audit.Hash           // consistency from there to the checkpoint, at most 63 hashes
	Signed audit.SignedCheckpoint // as the keeper holds it
}

// Conflict says that the witness has cosigned another size than Old last.
type Conflict struct{ Size uint64 }

// Error tells the size.
func (c *Conflict) Error() string { return fmt.Sprintf("the witness has seen %d entries", c.Size) }

// errProof says that the witness's memory and the proof do not fit together.
var errProof = errors.New("the witness does not find the checkpoint consistent with the one that it cosigned before")

// body writes the request. SPEC: C2SP tlog-witness, add-checkpoint: the line
// "old <size>", the hashes, an empty line, the checkpoint.
func (s Submission) body() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", s.Old)
	for _, h := range s.Proof {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n")
	b.Write(s.Signed.Note)
	return b.Bytes()
}

// Add submits a checkpoint and gives the witness's verified cosignature line,
// line feed included. The error is a *Conflict where the witness is at another
// size, wraps errProof where its history is another, and otherwise is
// fault.Unavailable with a sentence for the operator.
func (c Client) Add(ctx context.Context, s Submission) (line []byte, err error) {
	url := strings.TrimSuffix(c.URL, "/") + "/add-checkpoint"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(s.body()))
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "The address of the witness %s must be an http or https URL.", c.Key.Name())
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	resp, err := c.HTTP.Do(req)
	if err != nil {
		return nil, fault.Because(fault.Unavailable, err, "The witness %s is out of reach.", c.Key.Name())
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil || len(answer) > maxAnswer {
		return nil, fault.Because(fault.Unavailable, err, "The answer of the witness %s broke off or is too long.", c.Key.Name())
	}
	return c.read(resp.StatusCode, resp.Header.Get("Content-Type"), answer, s.Signed.Text())
}

// read judges an answer. SPEC: C2SP tlog-witness, add-checkpoint responses.
func (c Client) read(status int, contentType string, answer []byte, text string) ([]byte, error) {
	switch status {
	case http.StatusOK:
		line, ok := c.cosignature(answer, text)
		if !ok {
			return nil, fault.New(fault.Unavailable, "The witness %s answered without a valid cosignature of its configured key.", c.Key.Name())
		}
		return line, nil
	case http.StatusConflict:
		size, err := parseSize(contentType, answer)
		if err != nil {
			return nil, fault.Because(fault.Unavailable, err, "The witness %s is at another size and does not say which.", c.Key.Name())
		}
		return nil, &Conflict{size}
	case http.StatusUnprocessableEntity:
		return nil, errProof
	case http.StatusNotFound:
		return nil, fault.New(fault.Unavailable, "The witness %s does not know this log: its operator must add it, with its verifier key.", c.Key.Name())
	case http.StatusForbidden:
		return nil, fault.New(fault.Unavailable, "The witness %s has another verifier key for this log: its operator must correct it.", c.Key.Name())
	}
	return nil, fault.New(fault.Unavailable, "The witness %s answered with status %d.", c.Key.Name(), status)
}

// cosignature finds the line of the witness's key that verifies; lines of other
// keys are passed over.
func (c Client) cosignature(answer []byte, text string) ([]byte, bool) {
	for line := range bytes.Lines(answer) {
		name, sig, ok := parseLine(line)
		if ok && c.is(name, sig) && c.Key.Verify([]byte(text), sig[4:]) {
			return bytes.Clone(line), true
		}
	}
	return nil, false
}

// is tells whether a signature is one of this witness's key, valid or not.
func (c Client) is(name string, sig []byte) bool {
	return name == c.Key.Name() && binary.BigEndian.Uint32(sig) == c.Key.KeyHash()
}

// parseLine reads a signature line of a note in its one canonical form: an em
// dash, the key's name, base64 of the key's number and the signature.
// SPEC: C2SP signed-note.
func parseLine(line []byte) (name string, sig []byte, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte("— "))
	if !ok || line[len(line)-1] != '\n' {
		return "", nil, false
	}
	n, b64, ok := strings.Cut(string(rest[:len(rest)-1]), " ")
	if !ok || n == "" {
		return "", nil, false
	}
	sig, err := base64.StdEncoding.Strict().DecodeString(b64)
	if err != nil || len(sig) < 5 || base64.StdEncoding.EncodeToString(sig) != b64 {
		return "", nil, false
	}
	return n, sig, true
}

// parseSize reads the answer to a conflict: a decimal number and a line feed.
func parseSize(contentType string, answer []byte) (uint64, error) {
	if kind, _, err := mime.ParseMediaType(contentType); err != nil || kind != "text/x.tlog.size" {
		return 0, fmt.Errorf("content type %.40q", contentType)
	}
	digits, ok := strings.CutSuffix(string(answer), "\n")
	n, err := strconv.ParseUint(digits, 10, 63)
	if !ok || err != nil || strconv.FormatUint(n, 10) != digits {
		return 0, fmt.Errorf("%.30q is not a size", answer)
	}
	return n, nil
}
