package audit

import (
	"context"
	"errors"
)

// Exporter writes a log as static files in the C2SP layout.
type Exporter struct {
	Source   LogReader               // where entries, tiles and checkpoint come from
	Dir      string                  // where the files go; made if need be
	Trust    Trust                   // whose signature the checkpoint must have
	Progress func(done, size uint64) // called now and then, if not nil
}

// Export copies what the folder does not have yet, up to the source's newest
// checkpoint, and gives that checkpoint.
func (e Exporter) Export(ctx context.Context) (SignedCheckpoint, error) {
	return SignedCheckpoint{}, errors.New("not yet")
}
