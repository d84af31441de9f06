package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/legal"
	"lerd/internal/personal"
	"lerd/internal/processes"
)

// Row structs of the legal processes in migrations/0018_processes.sql.

type processProposalRow struct {
	ID         string     `gorm:"column:id;primaryKey"`
	ProcessID  string     `gorm:"column:process_id"`
	Number     int        `gorm:"column:number"`
	BaseDigest string     `gorm:"column:base_digest"`
	Digest     string     `gorm:"column:digest"`
	Day        string     `gorm:"column:day"`
	Zone       string     `gorm:"column:zone"`
	Body       string     `gorm:"column:body"`
	Cases      string     `gorm:"column:cases"`
	Why        string     `gorm:"column:why"`
	ProposedBy *string    `gorm:"column:proposed_by"`
	ProposedAt time.Time  `gorm:"column:proposed_at"`
	State      string     `gorm:"column:state"`
	DecidedBy  *string    `gorm:"column:decided_by"`
	DecidedAt  *time.Time `gorm:"column:decided_at"`
	Note       string     `gorm:"column:note"`
	Version    int64      `gorm:"column:version"`
	EventID    string     `gorm:"column:event_id"`
}

// TableName names the table.
func (processProposalRow) TableName() string  { return "process_proposal" }
func (r processProposalRow) rowID() string    { return r.ID }
func (r processProposalRow) rowEvent() string { return r.EventID }
func (processProposalRow) progress() []string {
	return []string{"state", "proposed_by", "decided_by", "decided_at", "note", "version", "event_id"}
}

func fromProposal(p processes.Proposal, event audit.EventID) *processProposalRow {
	return &processProposalRow{p.ID, string(p.Process), p.Number, p.BaseDigest, p.Digest, p.Day, p.Zone, p.Body, p.Cases, p.Why.Reveal(), nilText(p.By), micro(p.At),
		p.State, nilText(p.DecidedBy), nilTime(p.DecidedAt), p.Note.Reveal(), p.Version, string(event)}
}

func (r processProposalRow) domain() processes.Proposal {
	return processes.Proposal{ID: r.ID, Process: legal.ProcessID(r.ProcessID), Number: r.Number, BaseDigest: r.BaseDigest, Digest: r.Digest, Day: r.Day, Zone: r.Zone,
		Body: r.Body, Cases: r.Cases, Why: personal.NewText(r.Why), By: text[identity.PersonID](r.ProposedBy), At: r.ProposedAt.UTC(), State: r.State,
		DecidedBy: text[identity.PersonID](r.DecidedBy), DecidedAt: timeOf(r.DecidedAt), Note: personal.NewText(r.Note), Version: r.Version, EventID: audit.EventID(r.EventID)}
}

type processVersionRow struct {
	ID         string    `gorm:"column:id;primaryKey"`
	ProcessID  string    `gorm:"column:process_id"`
	Number     int       `gorm:"column:number"`
	Digest     string    `gorm:"column:digest"`
	BodySHA256 string    `gorm:"column:body_sha256"`
	Day        string    `gorm:"column:day"`
	Zone       string    `gorm:"column:zone"`
	Body       string    `gorm:"column:body"`
	Cases      string    `gorm:"column:cases"`
	ProposalID string    `gorm:"column:proposal_id"`
	PutBy      string    `gorm:"column:put_by"`
	At         time.Time `gorm:"column:at"`
	EventID    string    `gorm:"column:event_id"`
}

// TableName names the table.
func (processVersionRow) TableName() string  { return "process_version" }
func (r processVersionRow) rowID() string    { return r.ID }
func (r processVersionRow) rowEvent() string { return r.EventID }

func fromProcessVersion(v processes.Version, event audit.EventID) *processVersionRow {
	return &processVersionRow{v.ID, string(v.Process), v.Number, v.Digest, v.BodySHA256, v.Day, v.Zone, v.Body, v.Cases, v.Proposal, string(v.By), micro(v.At), string(event)}
}

func (r processVersionRow) domain() processes.Version {
	return processes.Version{ID: r.ID, Process: legal.ProcessID(r.ProcessID), Number: r.Number, Digest: r.Digest, BodySHA256: r.BodySHA256, Day: r.Day, Zone: r.Zone,
		Body: r.Body, Cases: r.Cases, Proposal: r.ProposalID, By: identity.PersonID(r.PutBy), At: r.At.UTC(), EventID: audit.EventID(r.EventID)}
}

// processRow gives the row of a value of package processes, nil of another.
func processRow(v any, event audit.EventID) tableRow {
	switch x := v.(type) {
	case *processes.Proposal:
		return fromProposal(*x, event)
	case *processes.Version:
		return fromProcessVersion(*x, event)
	}
	return nil
}

// VersionCount tells how many versions of processes were put in force. Everybody
// may know, so that it is one statement without a scope.
func (s *Store) VersionCount(ctx context.Context) (n int, err error) {
	defer fault.Wrap(&err, "store.VersionCount")
	err = translate(s.db.WithContext(ctx).Raw("SELECT count(*) FROM process_version").Scan(&n).Error)
	return n, err
}

// ProcessVersions gives the versions that were put in force, by process and
// number, each with the digest that the log's event holds.
func (s *Store) ProcessVersions(ctx context.Context) (list []processes.Version, err error) {
	defer fault.Wrap(&err, "store.ProcessVersions")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list = nil
		var rows []processVersionRow
		if err := tx.Order("process_id, number").Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			v := r.domain()
			if v.Logged, err = loggedDigest(tx, r); err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list, err
}

// loggedDigest gives the digest in the event of a version, where that event is of
// this version; "" of another, or where there is none.
func loggedDigest(tx *gorm.DB, r processVersionRow) (string, error) {
	var entries [][]byte
	if err := tx.Raw("SELECT entry FROM audit.event WHERE id = ?", r.EventID).Scan(&entries).Error; err != nil || len(entries) == 0 {
		return "", err
	}
	rec, err := audit.ParseEntry(entries[0])
	if err != nil || rec.Kind != "process.put_in_force" || rec.Facts["process"] != r.ProcessID {
		return "", nil
	}
	return rec.Facts["digest"], nil
}

// Proposals gives the newest proposals, the newest first.
func (s *Store) Proposals(ctx context.Context, limit int) (list []processes.Proposal, err error) {
	defer fault.Wrap(&err, "store.Proposals")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list = nil
		var rows []processProposalRow
		if err := tx.Order("proposed_at DESC, id").Limit(limit).Find(&rows).Error; err != nil {
			return err
		}
		for _, r := range rows {
			list = append(list, r.domain())
		}
		return nil
	})
	return list, err
}

// Proposal gives one proposal, or NotFound.
func (s *Store) Proposal(ctx context.Context, id string) (p processes.Proposal, err error) {
	defer fault.Wrap(&err, "store.Proposal(%s)", id)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var row processProposalRow
		if err := tx.Where("id = ?", id).Take(&row).Error; err != nil {
			return err
		}
		p = row.domain()
		return nil
	})
	return p, err
}
