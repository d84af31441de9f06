package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"lerd/bundle"
)

// bundleSchemaCmd prints the published schemas.
type bundleSchemaCmd struct {
	Name string `arg:"" optional:"" help:"One of the files that the list names; without it, the list is printed."`
}

// Run prints one schema, or their names.
func (c *bundleSchemaCmd) Run() error { return c.print(os.Stdout) }

func (c *bundleSchemaCmd) print(out io.Writer) error {
	if c.Name == "" {
		_, err := fmt.Fprintln(out, strings.Join(bundle.SchemaNames, "\n"))
		return err
	}
	if !slices.Contains(bundle.SchemaNames, c.Name) {
		return fmt.Errorf("there is no schema %q; lerd bundle schema lists them", c.Name)
	}
	b, err := bundle.Schema(c.Name)
	if err == nil {
		_, err = out.Write(b)
	}
	return err
}
