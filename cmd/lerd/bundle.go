package main

import "lerd/internal/verifycli"

// bundleCmd groups what can be done with a finished bundle.
type bundleCmd struct {
	Verify bundleVerifyCmd `cmd:"" help:"Check a bundle offline and say in words what was checked."`
	Schema bundleSchemaCmd `cmd:"" help:"Print the published schemas of what is in a bundle."`
}

// bundleVerifyCmd checks a bundle with no network, database or account; it is
// the same command in the stand-alone lerd-verify.
type bundleVerifyCmd = verifycli.Bundle
