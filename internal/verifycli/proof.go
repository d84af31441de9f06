package verifycli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"time"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/transparency"
)

// Proof is the command that verifies a tlog-proof: that an entry is in the log.
// SPEC: C2SP tlog-proof.
type Proof struct {
	File    string `arg:"" help:"A .tlog-proof file." type:"existingfile"`
	Entry   string `help:"File with the entry, octet for octet as the log has it." required:"" type:"existingfile"`
	VKey    string `name:"vkey" help:"File with the log's verifier keys, one a line." required:"" type:"path"`
	Opening string `help:"File with the opening of the entry's closed facts, as a receipt has it." type:"path"`
	Pin     string `help:"File with a checkpoint obtained earlier or elsewhere; one of the same size must have the same root." type:"path"`
	Witnesses
}

// maxProof is the size of the largest proof that is read, in bytes.
const maxProof = audit.MaxNote + 128<<10

// Run verifies and says what the entry is.
func (c *Proof) Run() error { return c.Check(os.Stdout) }

// Check is Run with its writer.
func (c *Proof) Check(out io.Writer) error {
	trust, err := ReadTrust(c.VKey)
	if err != nil {
		return err
	}
	if trust, err = c.Witnesses.Add(trust); err != nil {
		return err
	}
	text, err := readFile(c.File, maxProof)
	if err != nil {
		return err
	}
	entry, err := readFile(c.Entry, audit.MaxEntry)
	if err != nil {
		return err
	}
	signed, index, err := audit.VerifyProof(entry, text, trust)
	if err != nil {
		if _, _, only := audit.VerifyProof(bytes.TrimRight(entry, "\r\n"), text, trust); only == nil {
			return fault.New(fault.Invalid, "The file %s ends with a line's end, which the entry in the log does not have; a tool added it. Without it the proof holds: remove it and verify again.", c.Entry)
		}
		return Verdict(err, true)
	}
	record, err := audit.ParseEntry(entry)
	if err != nil {
		return Verdict(&audit.Violation{Breach: audit.BadEntry, Index: index, Reason: "the entry is in the log and is not an event in canonical form", Err: err}, true)
	}
	compared, err := c.compare(signed.Checkpoint, trust)
	if err != nil {
		return err
	}
	facts, err := c.open(&record, index)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "VERIFIED\nEntry %d is event %s: %s at %s\n%s%s", index, record.ID, record.Kind, record.At.Format(time.RFC3339Nano), facts, compared); err != nil {
		return err
	}
	return PrintHead(out, signed)
}

// open opens the closed facts of the entry, and says them.
func (c *Proof) open(r *audit.Record, index uint64) (string, error) {
	if c.Opening == "" {
		return "", nil
	}
	text, err := readFile(c.Opening, audit.MaxEntry)
	if err != nil {
		return "", err
	}
	list, err := transparency.ReadOpenings(bytes.NewReader(text)).From(context.Background(), 0, math.MaxUint64)
	if err == nil && (len(list) != 1 || list[0].Index != index) {
		err = fmt.Errorf("%s does not hold one opening, of entry %d", c.Opening, index)
	}
	if err == nil {
		err = r.Open(list[0].ValueOpening)
	}
	if err != nil {
		return "", Verdict(&audit.Violation{Breach: audit.BadEntry, Index: index, Reason: "what is given to open the entry's closed facts does not open them", Err: err}, true)
	}
	said := "It commits to:\n"
	for _, name := range slices.Sorted(maps.Keys(r.Opened)) {
		said += "  " + name + " = " + r.Opened[name] + "\n"
	}
	return said, nil
}

// compare says what the pinned checkpoint tells of the proof's: without the
// log's tiles only checkpoints of one size can be compared.
func (c *Proof) compare(of audit.Checkpoint, trust audit.Trust) (string, error) {
	if c.Pin == "" {
		return "", nil
	}
	pin, err := ReadPin(c.Pin, trust)
	switch {
	case err != nil:
		return "", err
	case pin.Size == of.Size && pin != of:
		return "", Verdict(&audit.Violation{Breach: audit.Fork, Index: of.Size, Reason: fmt.Sprintf("two roots were signed for %d entries: %s and %s", of.Size, pin.Root, of.Root)}, true)
	case pin.Size != of.Size:
		return fmt.Sprintf("Not compared: the checkpoint in %s is over %d entries. Verify the whole log with it.\n", c.Pin, pin.Size), nil
	}
	return "The checkpoint is the one in " + c.Pin + ".\n", nil
}

// readFile reads a file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := audit.ReadLimited(f, path, limit, 0)
	if err != nil {
		return nil, fault.Because(fault.TooLarge, err, "%s cannot be read, or is longer than the %d bytes that it can have.", path, limit)
	}
	return data, nil
}
