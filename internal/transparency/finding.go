package transparency

import "fmt"

// Code is the kind of thing that is wrong with a report.
type Code string

// The kinds.
const (
	BadEvent    Code = "EVENT"      // a counted entry cannot be read
	NoCount     Code = "NO COUNT"   // an event of a counted kind commits to no count
	NotOpened   Code = "OMITTED"    // a counted event has no opening
	NotCounted  Code = "SPARE"      // an opening is of an event that is not counted here
	Twice       Code = "TWICE"      // an event is opened twice, or out of order
	WrongOpen   Code = "OPENING"    // an opening is not what the entry commits to
	Malformed   Code = "FORM"       // a file is not of its form
	BadSeal     Code = "SIGNATURE"  // the report's signature is not valid
	OtherLog    Code = "CHECKPOINT" // the report names a checkpoint that is not of this log
	TooEarly    Code = "TOO EARLY"  // the checkpoint does not reach over the cut-off
	Lost        Code = "LOST"       // what the report was computed from lies in a gap of the log
	Late        Code = "LATE"       // the log has counted events from before the cut-off that the checkpoint leaves out
	Differs     Code = "DIFFERS"    // the figures are not those that follow from the log
	NoEdition   Code = "EDITION"    // an edition does not name the one that it replaces
	FileMissing Code = "MISSING"    // a file is not there
)

// Finding is the first thing found wrong with a report. It carries indexes and
// names of files, never values.
type Finding struct {
	Code   Code
	Index  uint64 // the entry concerned, where there is one
	File   string // the file concerned, where there is one
	Reason string
	Err    error
}

// Error names the kind, the place and the reason.
func (f *Finding) Error() string {
	s := string(f.Code)
	switch {
	case f.File != "":
		s += " in " + f.File
	case f.Index > 0 || f.Code == NotOpened || f.Code == WrongOpen || f.Code == NoCount || f.Code == BadEvent:
		s += fmt.Sprintf(" at entry %d", f.Index)
	}
	s += ": " + f.Reason
	if f.Err != nil {
		s += ": " + f.Err.Error()
	}
	return s
}

// Unwrap gives the cause.
func (f *Finding) Unwrap() error { return f.Err }
