package bundle

import "fmt"

// Code names a kind of fault; it is the same in every implementation.
type Code string

// The codes.
const (
	Container Code = "container"         // the zip is broken, or one that two programs read as two
	Missing   Code = "missing"           // a file is not there
	Encoding  Code = "encoding"          // not UTF-8, or it begins with a byte order mark
	Syntax    Code = "json"              // not JSON, something behind it, or nested too deep
	Duplicate Code = "json_duplicate"    // a member comes twice in one object
	Number    Code = "number"            // not a plain whole number of at most 15 digits
	Version   Code = "version"           // of another schema
	Unknown   Code = "unknown_member"    // a member that the schema does not have
	Absent    Code = "missing_member"    // a member that must be there is not
	Type      Code = "type"              // text in place of a number, and the like
	Form      Code = "form"              // a value that does not have its form
	Columns   Code = "columns"           // the first line of a CSV is not its columns
	LineEnd   Code = "line_end"          // a line does not end in CR LF, or the last is cut off
	Cells     Code = "cells"             // a line has more or fewer cells than columns
	Order     Code = "order"             // record ids do not rise, or come twice
	Differs   Code = "differs"           // two representations of one thing differ
	Scope     Code = "scope"             // a record is outside what was approved
	Count     Code = "count"             // a number that is stated is not that of the records
	Digest    Code = "digest"            // a file is not the one that was listed
	Size      Code = "too_large"         // a file is larger than a reader takes
	Reference Code = "unknown_reference" // a record names a query that is not described
)

// Fault is what is wrong with a bundle. It never quotes a record's value.
type Fault struct {
	Code   Code
	File   string // path in the bundle
	Row    int    // of the records, from 1; 0 where it is not about a row
	Where  string // column or member, empty for the whole
	Detail string // in words
}

// Error says file, row, place and what is wrong.
func (f *Fault) Error() string {
	s := f.File
	if f.Row > 0 {
		s += fmt.Sprintf(", row %d", f.Row)
	}
	if f.Where != "" {
		s += ", " + f.Where
	}
	return s + ": " + f.Detail
}

func wrong(code Code, where, detail string, a ...any) *Fault {
	return &Fault{Code: code, Where: where, Detail: fmt.Sprintf(detail, a...)}
}

// in completes a fault with its place; nil stays nil.
func (f *Fault) in(file string, row int) *Fault {
	if f != nil && f.File == "" {
		f.File, f.Row = file, row
	}
	return f
}
