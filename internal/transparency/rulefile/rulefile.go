// Package rulefile reads the rules of public reports from their YAML. It lies
// apart so that the verifier, which takes the rules from the report, has no YAML
// in it.
package rulefile

import (
	"bytes"
	"fmt"
	"io/fs"

	"go.yaml.in/yaml/v3"

	"lerd/internal/transparency"
)

// Name is the file below policies/.
const Name = "transparency.yaml"

// Load reads and checks the rules; unknown keys are refused.
func Load(policies fs.FS) (r transparency.Rules, err error) {
	b, err := fs.ReadFile(policies, Name)
	if err != nil {
		return r, fmt.Errorf("transparency: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("transparency: %w", err)
	}
	return r, r.Check()
}
