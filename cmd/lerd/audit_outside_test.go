package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lerd/internal/audit"
	"lerd/internal/audit/audittest"
	"lerd/internal/fault"
	"lerd/internal/testkit/auditlab"
)

// witnessKeyOf makes a witness and gives its verifier key.
func witnessKeyOf(t *testing.T, name string) string {
	t.Helper()
	return audittest.NewWitness(t, name, audittest.NewKey(t, audittest.Origin)).VerifierKey
}

func TestOutsideSettingsAreChecked(t *testing.T) {
	key, logKey := witnessKeyOf(t, "witness.example/a"), audittest.NewKey(t, audittest.Origin).VerifierKey
	for name, c := range map[string]struct {
		spoil func(*config)
		says  string
	}{
		"plain http":          {func(c *config) { c.Witness.List[0].URL = "http://witness.example/" }, "witness.list[0].url"},
		"no address":          {func(c *config) { c.Witness.List[0].URL = "" }, "witness.list[0].url"},
		"password in it":      {func(c *config) { c.Witness.List[0].URL = "https://a:b@witness.example/" }, "witness.list[0].url"},
		"a log's key":         {func(c *config) { c.Witness.List[0].Key = logKey }, "witness.list[0].key"},
		"twice":               {func(c *config) { c.Witness.List = append(c.Witness.List, c.Witness.List[0]) }, "listed twice"},
		"quorum too large":    {func(c *config) { c.Witness.Quorum = 2 }, "witness.quorum"},
		"quorum negative":     {func(c *config) { c.Witness.Quorum = -1 }, "witness.quorum"},
		"required of nobody":  {func(c *config) { c.Witness.List, c.Witness.Required = nil, true }, "witness.required"},
		"waits for ever":      {func(c *config) { c.Witness.Wait = time.Hour }, "witness.wait"},
		"keeper over http":    {func(c *config) { c.Keeper.URL = "http://keeper.example/x" }, "keeper.url"},
		"keeper is a file":    {func(c *config) { c.Keeper.URL = "file:///x" }, "keeper.url"},
		"keeper in the data":  {func(c *config) { c.Keeper.Folder = filepath.Join(c.Dir, "log-state") }, "keeper.folder"},
		"keeper is the data":  {func(c *config) { c.Keeper.Folder = c.Dir }, "keeper.folder"},
		"keeper by a detour":  {func(c *config) { c.Keeper.Folder = filepath.Join(c.Dir, "..", filepath.Base(c.Dir), "x") }, "keeper.folder"},
		"keeper beside: fine": {func(c *config) { c.Keeper.Folder = c.Dir + "-other" }, ""},
		"loopback: fine":      {func(c *config) { c.Keeper.URL, c.Witness.List[0].URL = "http://127.0.0.1:1/x", "http://127.0.0.1:2" }, ""},
	} {
		cfg := whole(t)
		cfg.Witness.List = []witnessEntry{{URL: "https://witness.example/", Key: key}}
		c.spoil(&cfg)
		lines := strings.Join(problemLines(cfg.check()), "\n")
		if (c.says == "") != (lines == "") || !strings.Contains(lines, c.says) {
			t.Errorf("%s: %q, want %q", name, lines, c.says)
		}
	}
}

// TestConfiguredKeepersAndWitnesses reads a configuration file and runs a log
// under it: a new second folder is refused until a person takes it into use;
// then both folders and the witness have what was signed, and the folder that
// is gone stops the log with a sentence.
func TestConfiguredKeepersAndWitnesses(t *testing.T) {
	lab := auditlab.New(t)
	lab.Fill(t, 3)
	lab.Place(t)
	source := folder(t, lab)
	keepSigned(t, lab, source)
	second := t.TempDir()
	w := audittest.NewWitness(t, "witness.example/a", audittest.Key{Signer: lab.Signer, Trust: lab.Trust})
	file := filepath.Join(t.TempDir(), "lerd.yaml")
	write(t, file, fmt.Sprintf("dir: %s\nkeeper:\n  folder: %s\nwitness:\n  required: true\n  wait: 1500ms\n  list:\n    - url: %s\n      key: %s\n", source.Dir, second, w.URL, w.VerifierKey))
	env := func(string) string { return "" }
	cfg, err := loadConfig(file, env)
	if err != nil || cfg.Witness.Wait != 1500*time.Millisecond || !cfg.Witness.Required {
		t.Fatalf("%+v, %v", cfg.Witness, err)
	}
	seq := lab.Sequencer(t)
	if err := cfg.lookOutside(seq, time.Now, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	lab.Fill(t, 2)
	if _, err := seq.RunOnce(t.Context()); err == nil || !strings.Contains(err.Error(), "lerd audit keep") {
		t.Fatalf("a new place was taken for one that never had anything: %v", err)
	}
	for _, want := range []string{"1 of 2 places", "0 of 2 places"} {
		var out bytes.Buffer
		if err := (auditKeepCmd{Config: file}).run(env, &out); err != nil || !strings.HasPrefix(out.String(), want) {
			t.Errorf("%q, %v", &out, err)
		}
	}
	if round, err := seq.RunOnce(t.Context()); err != nil || round.Placed != 2 || round.Unseen {
		t.Fatalf("%+v, %v", round, err)
	}
	near, _ := source.keeper().Load()
	far, _ := audit.FolderKeeper{Dir: second}.Load()
	if c, err := audit.OpenCheckpoint(far, lab.Trust); err != nil || c.Size != 5 || string(near) != string(far) || w.Size() != 5 {
		t.Errorf("kept %d entries, the witness has seen %d, %v", c.Size, w.Size(), err)
	}
	if err := os.RemoveAll(second); err != nil {
		t.Fatal(err)
	}
	if _, err := seq.RunOnce(t.Context()); fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "mount it") || seq.Hold() == nil {
		t.Errorf("without its folder: %v, held by %v", err, seq.Hold())
	}
}

func TestKeepNeedsAPlace(t *testing.T) {
	lab := auditlab.New(t)
	source := folder(t, lab)
	env := func(name string) string { return map[string]string{"LERD_DIR": source.Dir}[name] }
	if err := (auditKeepCmd{}).run(env, new(bytes.Buffer)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
}
