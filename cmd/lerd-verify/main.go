// Command lerd-verify verifies what lerd hands out: an exported audit log, a public report, the
// proof that an entry is in the log, and a bundle. It needs no database, no
// account and no other machine, and holds none of lerd's other code: an auditor
// or a court can build it, read it and keep it.
//
// Its words and exit codes are those of `lerd audit verify --log` and
// `lerd bundle verify`: 0 for verified; 1 for a finding, which begins with NOT, or
// for a check that could not be finished; 80 for a command line that it does not
// understand.
package main

import (
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"lerd/internal/verifycli"
)

// cli is the whole command line.
type cli struct {
	Log     verifycli.Log     `cmd:"" help:"Verify an exported audit log: recompute every hash, compare with what was signed, and check the order of events."`
	Proof   verifycli.Proof   `cmd:"" help:"Verify that an entry is in the log, by its tlog-proof."`
	Dossier verifycli.Dossier `cmd:"" help:"Check the dossier of a case: seal, proofs, openings, documents."`
	Sample  verifycli.Sample  `cmd:"" help:"Draw an audit sample again from an exported log, and compare it with the one on record."`
	Report  verifycli.Report  `cmd:"" help:"Recompute a public report from an exported log and the openings of what it counts, and compare every byte."`
	Bundle  verifycli.Bundle  `cmd:"" help:"Check a bundle and say in words what was checked."`
}

func main() {
	var c cli
	k := kong.Parse(&c,
		kong.Name("lerd-verify"),
		kong.Description("lerd-verify checks exported logs, proofs and bundles of lerd, offline."),
		kong.UsageOnError(),
	)
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "lerd-verify: "+verifycli.Plain(err))
		os.Exit(1)
	}
}
