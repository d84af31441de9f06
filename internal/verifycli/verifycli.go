// Package verifycli is what verifying commands share: `lerd audit verify`,
// `lerd bundle verify` and the stand-alone lerd-verify have their flags, words
// and verdicts from here.
//
// Invariants:
//   - it imports the verifiers and nothing else of lerd's, so that a program made
//     of it alone can reach no database and no other machine;
//   - "VERIFIED" or "VALID" is printed only after everything was checked, and a
//     check that could not be carried to its end is never worded as a finding.
package verifycli

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"lerd/internal/audit"
	"lerd/internal/fault"
)

// maxKeys is the size of the largest file of keys that is read, in bytes.
const maxKeys = 1 << 20

// ReadTrust reads the log's verifier keys from a file, one a line: the current
// one first, then former ones.
func ReadTrust(path string) (audit.Trust, error) {
	text, err := readFile(path, maxKeys)
	if err != nil {
		return audit.Trust{}, fault.Because(fault.Invalid, err, "The log's verifier key cannot be read from %s; name its file with --vkey.", path)
	}
	var t audit.Trust
	for _, line := range strings.Fields(string(text)) {
		v, err := audit.NewVerifier(line)
		if err != nil {
			return audit.Trust{}, fault.Because(fault.Invalid, err, "%s holds a line that is no verifier key.", path)
		}
		t.Log = append(t.Log, v)
	}
	if len(t.Log) == 0 {
		return audit.Trust{}, fault.New(fault.Invalid, "%s holds no verifier key.", path)
	}
	return t, nil
}

// Witnesses are the flags that name whose cosignatures count.
type Witnesses struct {
	Witness string `name:"witness-keys" help:"File with verifier keys of witnesses, one a line; their cosignatures are checked and counted." type:"path"`
	Quorum  int    `name:"quorum" help:"How many of these witnesses must have cosigned; all of them if not given." default:"0"`
}

// Add adds the witnesses to whose signatures count.
func (w Witnesses) Add(t audit.Trust) (audit.Trust, error) {
	if w.Witness == "" {
		if w.Quorum != 0 {
			return t, fault.New(fault.Invalid, "Name the file with the witnesses' keys with --witness-keys, or leave out --quorum.")
		}
		return t, nil
	}
	text, err := readFile(w.Witness, maxKeys)
	if err != nil {
		return t, fault.Because(fault.Invalid, err, "The witnesses' keys cannot be read from %s.", w.Witness)
	}
	names := map[string]bool{}
	for _, line := range strings.Fields(string(text)) {
		v, err := audit.NewWitness(line)
		if err != nil {
			return t, fault.Because(fault.Invalid, err, "%s holds a line that is no key of a witness.", w.Witness)
		}
		t.Witnesses, names[v.Name()] = append(t.Witnesses, v), true
	}
	if len(names) == 0 {
		return t, fault.New(fault.Invalid, "%s holds no key of a witness; each line is one.", w.Witness)
	}
	t.Quorum = w.Quorum
	if t.Quorum == 0 {
		t.Quorum = len(names)
	}
	if t.Quorum < 1 || t.Quorum > len(names) {
		return t, fault.New(fault.Invalid, "--quorum must be from 1 to %d, the number of witnesses in %s.", len(names), w.Witness)
	}
	return t, nil
}

// ReadPin reads a checkpoint obtained earlier or elsewhere. It needs the log's
// signature and no witness's.
func ReadPin(path string, trust audit.Trust) (audit.Checkpoint, error) {
	text, err := readFile(path, audit.MaxNote)
	if err != nil {
		return audit.Checkpoint{}, err
	}
	trust.Quorum = 0
	pin, err := audit.OpenCheckpoint(text, trust)
	if err != nil {
		return audit.Checkpoint{}, fault.Because(fault.Invalid, err, "The checkpoint in %s is not one that this log has signed.", path)
	}
	return pin.Checkpoint, nil
}

// Verdict words a finding so that it cannot be taken for a failure of the tool,
// nor the other way round. Either way the exit status is 1.
func Verdict(err error, found bool) error {
	if found {
		return fmt.Errorf("NOT VERIFIED: %w", err)
	}
	return fmt.Errorf("the verification could not be finished, which says nothing about the log: %w", err)
}

// Found tells a finding about a log from a check that did not come to its end.
func Found(err error) bool {
	var v *audit.Violation
	return errors.As(err, &v) && v.Breach != audit.Unsettled
}

// Plain gives what a person at the terminal needs: the message with its field
// problems a line each, or with its cause behind it. What has no message for people
// is given as it is, with its operations.
func Plain(err error) string {
	var e *fault.Error
	if !errors.As(err, &e) || e.Kind == fault.Internal || e.Message == "" {
		return err.Error()
	}
	text := e.Message
	if before, ok := strings.CutSuffix(err.Error(), e.Error()); ok {
		text = operations.ReplaceAllString(before, "$1") + text
	}
	for _, p := range e.Problems {
		text += "\n  " + p.Field + ": " + p.Message
	}
	if cause := e.Err; cause != nil && len(e.Problems) == 0 {
		text += " (" + strings.ReplaceAll(Plain(cause), "\n", "; ") + ")"
	}
	return text
}

// operations are the steps of the program that an error passed, as fault.Wrap names them:
// "store.EventAt(7): ". They are for its log.
var operations = regexp.MustCompile(`(^|: )(?:[a-z]\w*(?:\.\w+)*\.[A-Z]\w*(?:\([^()]*\))?: )+`)

// Progress rewrites one line, at most five times a second.
type Progress struct {
	out  io.Writer
	last time.Time
}

// NewProgress shows progress on a terminal, or nothing with io.Discard.
func NewProgress(out io.Writer) *Progress { return &Progress{out: out} }

// Show says how far a piece of work is; n is 0 while unknown.
func (p *Progress) Show(what string, done, n int64) {
	if done != n && time.Since(p.last) < 200*time.Millisecond {
		return
	}
	p.last = time.Now()
	end := "\r"
	if done == n {
		end = "\n"
	}
	if n > 0 {
		fmt.Fprintf(p.out, "%s: %d of %d (%d %%)  %s", what, done, n, done*100/n, end)
		return
	}
	fmt.Fprintf(p.out, "%s: %d  %s", what, done, end)
}

// PrintClock says where the time of the entries goes back.
func PrintClock(out io.Writer, steps []audit.ClockStep) error {
	for _, s := range steps {
		if _, err := fmt.Fprintln(out, s); err != nil {
			return err
		}
	}
	return nil
}

// PrintHead says which checkpoint was verified and who cosigned it.
func PrintHead(out io.Writer, c audit.SignedCheckpoint) error {
	if c.Origin == "" {
		_, err := fmt.Fprintln(out, "The log has no checkpoint yet.")
		return err
	}
	if _, err := fmt.Fprintf(out, "Log %s, size %d, root %s\n", c.Origin, c.Size, c.Root); err != nil {
		return err
	}
	for _, s := range c.Cosigned {
		if err := printCosignature(out, s); err != nil {
			return err
		}
	}
	return nil
}

func printCosignature(out io.Writer, s note.Signature) error {
	at, err := audit.CosignedAt(s)
	if err == nil {
		_, err = fmt.Fprintf(out, "Cosigned by %s at %s\n", s.Name, at.Format(time.RFC3339))
	}
	return err
}
