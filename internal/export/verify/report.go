// Package verify checks a bundle offline: no network, no database, no lerd
// account. It is stricter than the tools named in VERIFY.txt, and says in words
// what it checked and what failed.
//
// Invariants:
//   - what is not understood is a failure, never passed over;
//   - trust comes from the certificates and log keys that the caller gives; keys
//     inside the bundle only help to find the way;
//   - memory is bounded whatever the bundle claims; nothing is unpacked to disk,
//     save an encrypted file's decrypted contents, in a folder that is removed;
//   - of lerd it imports fault, audit and its own format packages (asic, cms,
//     tsp, columns) alone.
package verify

import (
	"fmt"
	"io"
	"strings"
	"time"

	"lerd/internal/fault"
)

// Result is the outcome of one check.
type Result string

// The outcomes. A warning does not fail a bundle, but a person should read it.
const (
	Pass Result = "pass"
	Fail Result = "fail"
	Warn Result = "warn"
	Skip Result = "skip"
)

// Check is one thing that was looked at.
type Check struct {
	ID     string `json:"id"`
	What   string `json:"what"`
	Result Result `json:"result"`
	Detail string `json:"detail,omitempty"`
}

// Report is what was found out about a bundle.
type Report struct {
	OK        bool      `json:"ok"`
	Kind      string    `json:"kind"` // container, folder, release set or encrypted release set
	ExportID  string    `json:"export_id,omitempty"`
	Level     string    `json:"level,omitempty"` // B, T or LT
	SealedBy  string    `json:"sealed_by,omitempty"`
	StampedAt time.Time `json:"stamped_at,omitzero"`
	Phones    int64     `json:"phone_numbers"`
	IPs       int64     `json:"ip_addresses"`
	LogIndex  *uint64   `json:"log_index,omitempty"`
	Checks    []Check   `json:"checks"`
}

func (r *Report) add(c Check) {
	if c.Result == Fail {
		r.OK = false
	}
	r.Checks = append(r.Checks, c)
}

// do runs a check and records it; it tells whether it passed.
func (r *Report) do(id, what string, f func() (detail string, err error)) bool {
	detail, err := f()
	if err != nil {
		r.add(Check{id, what, Fail, words(err)})
		return false
	}
	r.add(Check{id, what, Pass, detail})
	return true
}

// words gives an error's sentence without the kinds and operations that are
// for logs.
func words(err error) string {
	if m := fault.Message(err); fault.KindOf(err) != fault.Internal {
		return m
	}
	return err.Error()
}

// Failed gives the ids of the failed checks.
func (r *Report) Failed() []string {
	var ids []string
	for _, c := range r.Checks {
		if c.Result == Fail {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) {
	marks := map[Result]string{Pass: "ok  ", Fail: "FAIL", Warn: "note", Skip: "skip"}
	for _, c := range r.Checks {
		fmt.Fprintf(w, "%s  %s\n", marks[c.Result], c.What)
		if c.Detail != "" {
			fmt.Fprintf(w, "        %s\n", strings.ReplaceAll(c.Detail, "\n", "\n        "))
		}
	}
	fmt.Fprintln(w)
	if !r.OK {
		fmt.Fprintf(w, "NOT VALID. Do not rely on this bundle. Failed: %s.\n", strings.Join(r.Failed(), ", "))
		return
	}
	fmt.Fprintf(w, "VALID. %s, level %s, sealed by %s", r.ExportID, r.Level, r.SealedBy)
	if !r.StampedAt.IsZero() {
		fmt.Fprintf(w, ", stamped %s", r.StampedAt.Format(time.RFC3339))
	}
	fmt.Fprintf(w, ". %d phone numbers, %d IP addresses.\n", r.Phones, r.IPs)
}
