package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lerd/internal/agencies"
	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

type statementRow struct {
	ID         string    `gorm:"column:id;primaryKey"`
	AgencyID   string    `gorm:"column:agency_id"`
	PeriodFrom time.Time `gorm:"column:period_from"`
	PeriodTo   time.Time `gorm:"column:period_to"`
	Requests   int       `gorm:"column:requests"`
	MadeAt     time.Time `gorm:"column:made_at"`
	LogSize    int64     `gorm:"column:log_size"`
	SumsSHA256 string    `gorm:"column:sums_sha256"`
	Blob       string    `gorm:"column:blob"`
	EventID    string    `gorm:"column:event_id"`
}

type disownedRow struct {
	ID         string    `gorm:"column:id;primaryKey"`
	RequestID  string    `gorm:"column:request_id"`
	AgencyID   string    `gorm:"column:agency_id"`
	DisownedBy string    `gorm:"column:disowned_by"`
	Reason     string    `gorm:"column:reason"`
	At         time.Time `gorm:"column:at"`
	EventID    string    `gorm:"column:event_id"`
}

// TableName names the table.
func (statementRow) TableName() string { return "agency_statement" }

// TableName names the table.
func (disownedRow) TableName() string { return "disowned_request" }

func (r statementRow) rowID() string    { return r.ID }
func (r disownedRow) rowID() string     { return r.ID }
func (r statementRow) rowEvent() string { return r.EventID }
func (r disownedRow) rowEvent() string  { return r.EventID }

func fromStatement(s agencies.Statement, event audit.EventID) *statementRow {
	return &statementRow{string(s.ID), string(s.Agency), micro(s.From), micro(s.To), s.Requests, micro(s.MadeAt), s.LogSize, s.SumsSHA256, s.Blob, string(event)}
}

func (r statementRow) domain() agencies.Statement {
	return agencies.Statement{ID: agencies.StatementID(r.ID), Agency: identity.AgencyID(r.AgencyID), From: r.PeriodFrom.UTC(), To: r.PeriodTo.UTC(), Requests: r.Requests,
		MadeAt: r.MadeAt.UTC(), LogSize: r.LogSize, SumsSHA256: r.SumsSHA256, Blob: r.Blob, EventID: audit.EventID(r.EventID)}
}

func fromDisowned(d agencies.Disowned, event audit.EventID) *disownedRow {
	return &disownedRow{d.ID, d.Request, string(d.Agency), string(d.By), d.Reason, micro(d.At), string(event)}
}

type queueRow struct {
	ID         string     `gorm:"column:id"`
	Ref        string     `gorm:"column:ref"`
	State      string     `gorm:"column:state"`
	OfficerID  string     `gorm:"column:officer_id"`
	Name       string     `gorm:"column:name"`
	Unit       string     `gorm:"column:unit"`
	ProcessID  string     `gorm:"column:process_id"`
	Emergency  bool       `gorm:"column:emergency"`
	ReceivedAt time.Time  `gorm:"column:received_at"`
	EffectBy   *time.Time `gorm:"column:effect_by"`
	Disowned   bool       `gorm:"column:disowned"`
	EventID    string     `gorm:"column:event_id"`
}

// AgencyQueue gives the requests of the actor's agency without what is in them:
// the function agency_queue is all that an administrator's transaction sees.
func (s *Store) AgencyQueue(ctx context.Context, limit int) (list []agencies.QueueLine, err error) {
	defer fault.Wrap(&err, "store.AgencyQueue")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		var rows []queueRow
		err := tx.Raw(`SELECT q.id, q.ref, q.state, q.officer_id, p.name, coalesce(u.name, '') AS unit, q.process_id, q.emergency, q.received_at, q.effect_by, q.event_id,
				EXISTS (SELECT 1 FROM disowned_request d WHERE d.request_id = q.id) AS disowned
			FROM agency_queue() q JOIN person p ON p.id = q.officer_id LEFT JOIN unit u ON u.id = p.unit_id
			ORDER BY q.received_at DESC, q.id LIMIT ?`, limit).Scan(&rows).Error
		for _, r := range rows {
			list = append(list, agencies.QueueLine{Request: r.ID, Ref: r.Ref, State: r.State, Officer: identity.PersonID(r.OfficerID), Name: r.Name, Unit: r.Unit, Process: r.ProcessID,
				Emergency: r.Emergency, ReceivedAt: r.ReceivedAt.UTC(), EffectBy: timeOf(r.EffectBy), Disowned: r.Disowned, EventID: audit.EventID(r.EventID)})
		}
		return err
	})
	return list, err
}

// Members gives an agency's people.
func (s *Store) Members(ctx context.Context, agency identity.AgencyID) (list []agencies.Member, err error) {
	defer fault.Wrap(&err, "store.Members(%s)", agency)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		units, err := find(tx.Where("agency_id = ?", string(agency)), unitRow.domain)
		if err != nil {
			return err
		}
		name := map[identity.UnitID]string{}
		for _, u := range units {
			name[u.ID] = u.Name
		}
		people, err := find(tx.Where("agency_id = ?", string(agency)).Order("role, name, id"), personRow.domain)
		for _, p := range people {
			list = append(list, agencies.Member{Person: p, Unit: name[p.Unit]})
		}
		return err
	})
	return list, err
}

// Units gives an agency's units by name.
func (s *Store) Units(ctx context.Context, agency identity.AgencyID) (list []identity.Unit, err error) {
	defer fault.Wrap(&err, "store.Units(%s)", agency)
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err = find(tx.Where("agency_id = ?", string(agency)).Order("name"), unitRow.domain)
		return err
	})
	return list, err
}

// DuePeople gives active people of agencies whose time to be confirmed anew ends
// before a time.
func (s *Store) DuePeople(ctx context.Context, before time.Time) (list []identity.Person, err error) {
	defer fault.Wrap(&err, "store.DuePeople")
	err = s.inReadTx(ctx, func(tx *gorm.DB) error {
		list, err = find(tx.Where("active AND agency_id IS NOT NULL AND reverify_by <= ?", micro(before)).Order("id"), personRow.domain)
		return err
	})
	return list, err
}
