package testkit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// JSONLines reads a file with one JSON value on each line; one that is not there has none.
func JSONLines[T any](path string) (out []T, err error) {
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	in := bufio.NewScanner(bytes.NewReader(text))
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var x T
		if err := json.Unmarshal(in.Bytes(), &x); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, x)
	}
	return out, in.Err()
}
