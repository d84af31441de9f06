package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"time"

	"lerd/internal/audit"
	"lerd/internal/jobs"
	"lerd/internal/oversight"
	"lerd/internal/requests"
	"lerd/internal/store"
	"lerd/policies"
)

// console gives the auditors' work what it needs of the rest.
type console struct {
	store.Console
	cases     *requests.Service
	sequencer *jobs.Sequencer
	trust     audit.Trust
	places    audit.Places
	required  bool
	keeper    audit.Keeper
	log       store.AuditReader
}

// dossierSigner signs with the seal of the bundles, whichever is in use now.
type dossierSigner struct{ s *system }

// SignStatement signs a text.
func (x dossierSigner) SignStatement(ctx context.Context, text []byte, at time.Time) (signature, chain []byte, err error) {
	return jobs.StatementSigner{Keys: x.s.keys}.SignStatement(ctx, text, at)
}

// DocumentBytes gives a document of a case where anybody may open it.
func (c console) DocumentBytes(ctx context.Context, d requests.Document) ([]byte, error) {
	return c.cases.DocumentBytes(ctx, d)
}

// Trail gives a case with its events, and records that it was read.
func (c console) Trail(ctx context.Context, id requests.ID) (requests.Case, []requests.TrailEvent, error) {
	return c.cases.Trail(ctx, id)
}

// Trust is whose signatures count.
func (c console) Trust() audit.Trust { return c.trust }

// Required tells whether nothing leaves without the witnesses.
func (c console) Required() bool { return c.required }

// Hold gives why nothing leaves at the moment.
func (c console) Hold() error { return c.sequencer.Hold() }

// Places reads where the last signed checkpoint is kept.
func (c console) Places(context.Context) (out []oversight.Place) {
	trust := c.trust
	trust.Quorum = 0
	for _, p := range c.places.List {
		place := oversight.Place{Name: p.Name}
		note, err := p.Keeper.Load()
		switch {
		case err != nil:
			place.Fault = "It cannot be reached."
		case note == nil:
			place.Empty = true
		default:
			signed, err := audit.OpenCheckpoint(note, trust)
			if err != nil {
				place.Fault = "It holds what this log has not signed."
				break
			}
			place.Size, place.Root = signed.Size, hex.EncodeToString(signed.Root[:])
		}
		out = append(out, place)
	}
	return out
}

// Verify recomputes the log and compares the tables with it.
func (c console) Verify(ctx context.Context, progress func(what string, done, total int64)) (out oversight.Verification, found bool, err error) {
	kept, err := c.keeper.Load()
	if err != nil {
		return out, false, err
	}
	trust := c.trust
	trust.Quorum = 0
	report, err := c.VerifyAudit(ctx, store.AuditCheck{Trust: trust, Kept: kept, Progress: progress})
	head := report.Log.Checkpoint
	if err == nil && len(report.SetBack) > 0 {
		out.Finding = report.SetBack[0].String()
	}
	if err == nil {
		out.Finding = strings.TrimSpace(audit.Gaps(report.Log.Gaps) + out.Finding) // a gap is named whenever somebody looks
	}
	out.Size, out.Root, out.Entries, out.Rows = head.Size, hex.EncodeToString(head.Root[:]), report.Entries, report.Rows
	var violation *audit.Violation
	if errors.As(err, &violation) {
		out.Breach = string(violation.Breach)
	}
	return out, err != nil && (violation != nil && violation.Breach != audit.Unsettled || store.IsDifference(err)), err
}

// openConsole wires the auditors' work.
func (s *system) openConsole() error {
	trust := s.sequencer.Trust
	for _, w := range s.cfg.Witness.List {
		v, err := audit.NewWitness(w.Key)
		if err != nil {
			return err
		}
		trust.Witnesses = append(trust.Witnesses, v)
	}
	if trust.Quorum = s.cfg.Witness.Quorum; trust.Quorum == 0 {
		trust.Quorum = len(s.cfg.Witness.List)
	}
	places := s.cfg.places(s.sequencer.Trust, s.now)
	c := console{Console: s.store.Console(), cases: s.cases, sequencer: s.sequencer, trust: trust, places: places, required: s.cfg.Witness.Required, keeper: auditSource{Dir: s.cfg.Dir}.keeper(), log: s.store.AuditReader()}
	s.consoleOf = c
	s.oversight = oversight.New(oversight.Config{Store: s.store, Access: s.rules, Law: s.book.Law, Searches: c, Naming: c, Cases: c, Samples: c, Findings: c, Errors: c, Telling: s.telling, Runs: c, Duties: c, Settings: c, Dossiers: c, Signer: dossierSigner{s},
		Outside: c, Losses: s.sequencer, LossWordsOf: c, Log: s.store.AuditReader(), Now: s.now, Quorum: trust.Quorum})
	return nil
}

// indexLog brings the index of the log up to date.
func (s *system) indexLog(ctx context.Context) (n int, err error) {
	for {
		took, err := s.consoleOf.IndexLog(ctx, 2000)
		if n += took; err != nil || took < 2000 {
			return n, err
		}
	}
}

// verifyLog does the verification that an auditor asked for, on one replica.
func (s *system) verifyLog(ctx context.Context) (int, error) {
	return s.alone(ctx, "verification", func(ctx context.Context) (int, error) {
		ran, err := s.oversight.RunVerification(ctx, s.consoleOf)
		if ran {
			return 1, err
		}
		return 0, err
	})
}

// recordSettings puts on record with what settings and rules lerd starts.
func (s *system) recordSettings(ctx context.Context) error {
	settings := s.cfg.settings()
	settings["version"] = buildVersion()
	err := fs.WalkDir(policies.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(policies.FS, path)
		if name := "policies/" + path; name == oversight.PolicySetting {
			settings[name] = string(b)
		} else {
			settings[name] = fmt.Sprintf("sha256 %x", sha256.Sum256(b))
		}
		return err
	})
	if err != nil {
		return err
	}
	_, err = s.oversight.RecordSettings(ctx, settings)
	return err
}

// secret names what is given as set or not, and never by its value.
var secret = []string{"token", "password", "secret", "pin", "key", "url", "dsn"}

// settings gives the configuration as it is put on record: values as they are, and
// of secrets, and of addresses that may hold one, that they are set.
func (c *config) settings() map[string]string {
	out := map[string]string{}
	flatten(out, "", reflect.ValueOf(*c))
	out["development"] = fmt.Sprint(c.development)
	return out
}

func flatten(out map[string]string, prefix string, v reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if !f.IsExported() || name == "" || name == "-" {
			continue
		}
		path, field := strings.TrimPrefix(prefix+"."+name, "."), v.Field(i)
		switch {
		case field.Kind() == reflect.Struct:
			flatten(out, path, field)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			for j := range field.Len() {
				flatten(out, fmt.Sprintf("%s[%d]", path, j), field.Index(j))
			}
		case hides(name):
			out[path] = map[bool]string{true: "not set", false: "set"}[field.IsZero()]
		default:
			out[path] = fmt.Sprint(field.Interface())
		}
	}
}

func hides(name string) bool {
	for _, s := range secret {
		if strings.Contains(name, s) {
			return true
		}
	}
	return false
}
