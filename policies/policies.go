// Package policies embeds the rules as data: legal processes, the validity
// checklist, refusal reasons, platform rules and calendars.
//
// Invariants: the files are read and checked by internal/legal before anything
// is served; a version of a process that was in force is never edited, a new
// version is written beside it.
package policies

import "embed"

// FS holds the policies at the paths that legal.Load expects.
//
//go:embed *.yaml access processes calendars attestations
var FS embed.FS
