//go:build linux

package orderdoc

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"lerd/internal/testkit/hostilepdf"
)

func timeout(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// maxRSS gives the most memory that a process held, in octets.
func maxRSS(s *os.ProcessState) int64 { return s.SysUsage().(*syscall.Rusage).Maxrss << 10 }

// drawn are files whose cost lies in drawing: what the intake takes, and what it
// refuses, handed to the renderer all the same.
func drawn() []hostilepdf.File {
	out := append([]hostilepdf.File{{Name: "plain", PDF: hostilepdf.Plain()}}, hostilepdf.Costly()...)
	for i, h := range hostilepdf.Size() {
		if i%3 == 0 || strings.Contains(h.Name, "bomb") && len(h.PDF) < 1<<20 {
			out = append(out, h)
		}
	}
	return out
}
