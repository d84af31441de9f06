package audit_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lerd/internal/audit"
)

// TestSpillGroups compares groups from memory and from files with a map.
func TestSpillGroups(t *testing.T) {
	for _, limit := range []int{1 << 20, 100, 0} {
		dir := t.TempDir()
		table, want := audit.NewSpill(dir, audit.SpillKey+8, limit), map[string][]uint64{}
		for i := range uint64(5000) {
			record := make([]byte, audit.SpillKey+8)
			copy(record, fmt.Sprintf("key %d", i%700))
			binary.BigEndian.PutUint64(record[audit.SpillKey:], i)
			if err := table.Add(record); err != nil {
				t.Fatal(err)
			}
			want[string(record[:audit.SpillKey])] = append(want[string(record[:audit.SpillKey])], i)
		}
		got := map[string][]uint64{}
		err := table.Groups(func(group [][]byte) error {
			key := string(group[0][:audit.SpillKey])
			if got[key] != nil {
				return errors.New("a key came twice")
			}
			for _, r := range group {
				got[key] = append(got[key], binary.BigEndian.Uint64(r[audit.SpillKey:]))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("limit %d:\n%s", limit, diff)
		}
		table.Close()
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("limit %d left %v, %v", limit, left, err)
		}
	}
}

func TestSpillStopsWhereItFails(t *testing.T) {
	table := audit.NewSpill(t.TempDir(), audit.SpillKey, 1)
	defer table.Close()
	for i := range 10 {
		if err := table.Add(fmt.Appendf(nil, "%016d", i)); err != nil {
			t.Fatal(err)
		}
	}
	calls, stop := 0, errors.New("enough")
	if err := table.Groups(func([][]byte) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

// TestSpillPutsAKeysRecordsInOrder adds each key's records from the last to the first.
func TestSpillPutsAKeysRecordsInOrder(t *testing.T) {
	for _, limit := range []int{1 << 20, 300} {
		table := audit.NewSpill(t.TempDir(), audit.SpillKey+8, limit)
		defer table.Close()
		for i := range uint64(900) {
			record := fmt.Appendf(nil, "%016d", i%70)
			if err := table.Add(binary.BigEndian.AppendUint64(record, 900-i)); err != nil {
				t.Fatal(err)
			}
		}
		keys := 0
		err := table.Groups(func(group [][]byte) error {
			keys++
			if !slices.IsSortedFunc(group, bytes.Compare) || len(group) < 12 {
				t.Errorf("limit %d: %d records: %x", limit, len(group), group)
			}
			return nil
		})
		if err != nil || keys != 70 {
			t.Errorf("limit %d: %d keys, %v", limit, keys, err)
		}
	}
}
