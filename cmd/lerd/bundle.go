package main

import "lerd/internal/verifycli"

// bundleCmd groups what can be done with a finished bundle.
type bundleCmd struct {
	Verify bundleVerifyCmd `cmd:"" help:"Check a bundle offline and say in words what was checked."`
	Trace  bundleTraceCmd  `cmd:"" help:"Say for whom a copy was sealed that turned up where it should not be, and who fetched it."`
	Schema bundleSchemaCmd `cmd:"" help:"Print the published schemas of what is in a bundle."`
}

// bundleVerifyCmd checks a bundle with no network, database or account; it is
// the same command in the stand-alone lerd-verify.
type bundleVerifyCmd = verifycli.Bundle
