package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"lerd/internal/fault"
	"lerd/internal/legal"
	"lerd/internal/risk"
	"lerd/policies"
)

// policyCmd looks at the rules as data.
type policyCmd struct {
	Test        policyTestCmd        `cmd:"" help:"Run the example cases of every legal process; exit 1 where one does not hold."`
	Diff        policyDiffCmd        `cmd:"" help:"Show how two versions of a process differ, and which example cases would come out otherwise."`
	Propose     policyProposeCmd     `cmd:"" help:"File a version of a process with its examples; counsel takes it up in the portal, and somebody else puts it in force."`
	Replay      policyReplayCmd      `cmd:"" help:"Derive a case anew under the version to which it is pinned, or under another one; exit 1 where it does not come out as it was recorded."`
	Unconfirmed policyUnconfirmedCmd `cmd:"" help:"List the statements of law that counsel has yet to confirm."`
}

// policySource says which policies are meant: those in the binary, or a folder.
type policySource struct {
	Policies string `help:"Folder with the policies; those in the binary if not given." type:"existingdir"`
}

func (s policySource) fs() fs.FS {
	if s.Policies != "" {
		return os.DirFS(s.Policies)
	}
	return policies.FS
}

func (s policySource) load() (*legal.Registry, error) {
	reg, err := legal.LoadWithCases(s.fs())
	if err != nil {
		return nil, fault.Because(fault.Invalid, err, "The policies have faults:\n%s", err)
	}
	return reg, nil
}

type policyTestCmd struct {
	policySource
	Verbose bool `short:"v" help:"Name every example case."`
}

// Run runs the examples and prints a table.
func (c policyTestCmd) Run() error { return c.run(os.Stdout) }

func (c policyTestCmd) run(out io.Writer) error {
	reg, err := c.load()
	if err != nil {
		return err
	}
	results := reg.RunCases()
	failed := printCases(out, reg, results, c.Verbose)
	fmt.Fprintf(out, "\n%d example cases over %d versions of legal processes, %d failed.\n", len(results), len(reg.Processes()), failed)
	suspicious, err := c.testRisk(out)
	if err != nil {
		return err
	}
	if failed += suspicious; failed > 0 {
		return fault.New(fault.Invalid, "%d example cases do not hold.", failed)
	}
	return nil
}

// testRisk runs the examples of what makes a request suspicious.
func (c policyTestCmd) testRisk(out io.Writer) (failed int, err error) {
	p, err := risk.Load(c.fs())
	if err != nil {
		return 0, err
	}
	faults := p.RunCases()
	for _, f := range faults {
		fmt.Fprintf(out, "FAILED  %s / %s: %s\n", risk.File, f.Case, f.Why)
	}
	fmt.Fprintf(out, "%d examples of risk over %d factors, %d failed.\n", len(p.Cases), len(p.Factors), len(faults))
	return len(faults), nil
}

// printCases prints a line per process, and one per failed case.
func printCases(out io.Writer, reg *legal.Registry, results []legal.CaseResult, verbose bool) (failed int) {
	w := tabwriter.NewWriter(out, 2, 8, 2, ' ', 0)
	fmt.Fprintln(w, "PROCESS\tVERSION\tIN FORCE\tCASES\tQUALIFIED\tINCOMPLETE\tREFUSED\tOTHER\tTO CONFIRM\tRESULT")
	for _, p := range reg.Processes() {
		count, bad := map[legal.Outcome]int{}, 0
		total := 0
		for _, res := range results {
			if res.Case.Process != p.ID || res.Case.Version != p.Version {
				continue
			}
			total++
			count[res.Case.Expect.Outcome]++
			if len(res.Faults) > 0 {
				bad++
			}
		}
		failed += bad
		verdict := "ok"
		if bad > 0 {
			verdict = fmt.Sprintf("%d FAILED", bad)
		}
		q, n, r := count[legal.Qualified], count[legal.NeedsInformation], count[legal.Refused]
		fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", p.ID, p.Version, p.InForce, total, q, n, r, total-q-n-r, len(p.Unconfirmed()), verdict)
	}
	w.Flush()
	for _, res := range results {
		switch {
		case len(res.Faults) > 0:
			fmt.Fprintf(out, "FAILED  %s v%d / %s: %s\n", res.Case.Process, res.Case.Version, res.Case.ID, strings.Join(res.Faults, "; "))
		case verbose:
			fmt.Fprintf(out, "ok      %s v%d / %s: %s\n", res.Case.Process, res.Case.Version, res.Case.ID, res.Got.Outcome)
		}
	}
	return failed
}

type policyDiffCmd struct {
	policySource
	From string `arg:"" help:"A version: ID@VERSION, e.g. EU-EPOC-S@1."`
	To   string `arg:"" help:"The other version: ID@VERSION, or a file with a proposed one."`
}

// Run prints the difference.
func (c policyDiffCmd) Run() error { return c.run(os.Stdout) }

func (c policyDiffCmd) run(out io.Writer) error {
	reg, err := c.load()
	if err != nil {
		return err
	}
	from, err := version(reg, c.From)
	if err != nil {
		return err
	}
	to, err := version(reg, c.To)
	if raw, readErr := os.ReadFile(c.To); err != nil && readErr == nil {
		reg, to, err = reg.Propose(raw)
	}
	if err != nil {
		return err
	}
	var cases []legal.Case
	for _, cs := range reg.Cases() {
		if cs.Process == from.ID && cs.Version == from.Version {
			cases = append(cases, cs)
		}
	}
	change, err := reg.Preview(from, to, cases)
	if err != nil {
		return err
	}
	printChange(out, change)
	return nil
}

// version finds a process by ID@VERSION.
func version(reg *legal.Registry, name string) (*legal.Process, error) {
	id, number, ok := strings.Cut(name, "@")
	n, err := strconv.Atoi(number)
	if !ok || err != nil {
		return nil, fault.New(fault.Invalid, "%q names no version of a process; write it like EU-EPOC-S@1.", name)
	}
	return reg.Process(legal.ProcessID(id), n)
}

func printChange(out io.Writer, ch legal.Change) {
	fmt.Fprintf(out, "%s v%d (%.12s) → %s v%d (%.12s)\n", ch.From.ID, ch.From.Version, ch.From.Digest, ch.To.ID, ch.To.Version, ch.To.Digest)
	for _, line := range ch.Lines {
		fmt.Fprintln(out, "  "+line)
	}
	fmt.Fprintf(out, "%d of %d cases would come out otherwise.\n", len(ch.Cases), ch.Examined)
	for _, c := range ch.Cases {
		fmt.Fprintf(out, "  %s: %s → %s", c.Case, c.From, c.To)
		if len(c.Why) > 0 {
			fmt.Fprintf(out, " (%s)", strings.Join(c.Why, "; "))
		}
		fmt.Fprintln(out)
	}
}

type policyUnconfirmedCmd struct{ policySource }

// Run prints the statements marked M, by process.
func (c policyUnconfirmedCmd) Run() error {
	reg, err := c.load()
	if err != nil {
		return err
	}
	total := 0
	for _, p := range reg.Processes() {
		for _, s := range p.Unconfirmed() {
			total++
			fmt.Printf("%s v%d: %s — %s\n", p.ID, p.Version, s.Text, s.Source.Text)
		}
	}
	fmt.Printf("%d statements are to be confirmed by counsel.\n", total)
	return nil
}
