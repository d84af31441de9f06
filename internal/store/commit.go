package store

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"reflect"
	"strings"

	"gorm.io/gorm"

	"lerd/internal/agencies"
	"lerd/internal/audit"
	"lerd/internal/callback"
	"lerd/internal/change"
	"lerd/internal/fault"
	"lerd/internal/identity"
	"lerd/internal/identity/accounts"
	"lerd/internal/keys"
	"lerd/internal/notices"
	"lerd/internal/oversight"
	"lerd/internal/requests"
	"lerd/internal/transparency/publishing"
	"lerd/internal/violations"
)

// Commit writes a change: for each part its event with the commitments to the
// rows, then the rows; all parts and the idempotency key in one transaction.
// It is durable when it returns nil. A key that was used before with the same
// body gives *change.Used and changes nothing; with another body, a Conflict.
func (s *Store) Commit(ctx context.Context, set change.Set) (err error) {
	defer fault.Wrap(&err, "store.Commit")
	return s.inWriteTx(ctx, func(tx *gorm.DB) error {
		if err := useKey(tx, set.Key); err != nil {
			return err
		}
		for _, part := range set.Parts {
			if err := s.writePart(tx, part); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Store) writePart(tx *gorm.DB, part change.Part) error {
	event := part.Event
	event.Epoch = s.epoch.Load()
	inserts, updates, err := rowsOf(part)
	if err != nil {
		return err
	}
	for _, r := range append(append([]tableRow{}, inserts...), updates...) {
		event.Rows = append(event.Rows, audit.Row{Table: r.TableName(), ID: r.rowID(), Canonical: canonical(r)})
	}
	if event.Version == 0 {
		if event.Version, err = nextVersion(tx, event.Stream); err != nil {
			return err
		}
	}
	if err := AppendEvent(tx, event, s.rand); err != nil {
		return err
	}
	for _, r := range inserts {
		if err := tx.Create(r).Error; err != nil {
			return fmt.Errorf("insert into %s: %w", r.TableName(), err)
		}
	}
	for _, r := range updates {
		if err := update(tx, r); err != nil {
			return fmt.Errorf("update of %s: %w", r.TableName(), err)
		}
	}
	if err := putSessions(tx, part.Insert); err != nil {
		return err
	}
	if err := putDrafts(tx, part.Insert); err != nil {
		return err
	}
	if err := insertMembers(tx, part.Insert); err != nil {
		return err
	}
	return insertRecords(tx, part.Insert)
}

// update writes a whole row where its version is still the one before.
func update(tx *gorm.DB, r tableRow) error {
	q := tx.Model(r).Where(keyOf(r)+" = ?", r.rowID())
	if v := reflect.Indirect(reflect.ValueOf(r)).FieldByName("Version"); v.IsValid() {
		q = q.Where("version = ?", v.Int()-1)
	}
	if p, ok := r.(interface{ progress() []string }); ok { // the only columns that the application may change
		q = q.Select(p.progress()).Updates(r)
	} else {
		q = q.Select("*").Omit("id").Updates(r)
	}
	if q.Error != nil {
		return q.Error
	}
	if q.RowsAffected == 0 {
		return fault.New(fault.Conflict, "Somebody else changed this at the same time. Reload the page to see where it stands.")
	}
	return nil
}

// keyOf names a row's key column, the first one of several.
func keyOf(r tableRow) string {
	t := reflect.Indirect(reflect.ValueOf(r)).Type()
	for i, name := range columnsOf(t) {
		if strings.Contains(t.Field(i).Tag.Get("gorm"), "primaryKey") {
			return name
		}
	}
	return "id"
}

// nextVersion gives the version that follows the newest of a stream. Those who
// ask for the same stream at once wait for one another: two tabs are two looks.
func nextVersion(tx *gorm.DB, stream string) (int64, error) {
	var v int64
	if err := tx.Exec("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", stream).Error; err != nil {
		return 0, err
	}
	err := tx.Raw("SELECT coalesce(max(version), 0) + 1 FROM audit.event WHERE stream = ?", stream).Scan(&v).Error
	return v, err
}

// rowsOf turns the domain values of a part into rows that name its event.
func rowsOf(p change.Part) (inserts, updates []tableRow, err error) {
	for _, v := range p.Insert {
		switch v.(type) {
		case requests.Records, *identity.Session, *requests.Draft, identity.SessionsEnded, oversight.SampleMembers: // not rows of business tables
			continue
		}
		r, err := rowOf(v, p.Event.ID)
		if err != nil {
			return nil, nil, err
		}
		inserts = append(inserts, r)
	}
	for _, v := range p.Update {
		r, err := rowOf(v, p.Event.ID)
		if err != nil {
			return nil, nil, err
		}
		updates = append(updates, r)
	}
	return inserts, updates, nil
}

func rowOf(v any, event audit.EventID) (tableRow, error) {
	switch x := v.(type) {
	case *identity.Agency:
		return fromAgency(*x, event), nil
	case *identity.Person:
		return fromPerson(*x, event), nil
	case *identity.Unit:
		return fromUnit(*x, event), nil
	case *identity.Passkey:
		return fromPasskey(*x, event), nil
	case *identity.Assertion:
		return fromAssertion(*x, event), nil
	case *agencies.Detail:
		return fromDetail(*x, event), nil
	case *agencies.Round:
		return fromRound(*x, event), nil
	case *agencies.Statement:
		return fromStatement(*x, event), nil
	case *agencies.Disowned:
		return fromDisowned(*x, event), nil
	case *notices.Address:
		return fromNoticeAddress(*x, event), nil
	case *callback.Call:
		return fromCall(*x, event), nil
	case *accounts.Invitation:
		return fromInvitation(*x, event), nil
	case *accounts.Change:
		return fromAccountChange(*x, event), nil
	case *identity.ProviderAccount:
		return fromProviderAccount(*x, event), nil
	case *requests.RuleOffence:
		return &ruleOffenceRow{x.Rule, x.Version, x.Class, string(event)}, nil
	case *requests.Document:
		return fromDocument(*x, event), nil
	case *requests.Request:
		return fromRequest(*x, event), nil
	case *requests.Target:
		return fromTarget(*x, event), nil
	case *requests.Answer:
		return fromAnswer(*x, event), nil
	case *requests.Message:
		return fromMessage(*x, event), nil
	case *requests.Decision:
		return fromDecision(*x, event), nil
	case *requests.Ask:
		return fromAsk(*x, event), nil
	case *requests.Release:
		return fromRelease(*x, event), nil
	case *requests.Item:
		return fromItem(*x, event), nil
	case *requests.Signature:
		return fromSignature(*x, event), nil
	case *requests.CosignatureRule:
		return fromCosignatureRule(*x, event), nil
	case *requests.CosignatureChoice:
		return fromCosignatureChoice(*x, event), nil
	case *keys.Key:
		return fromKey(*x, event), nil
	case *identity.DeliveryForm:
		return fromDelivery(*x, event), nil
	case *identity.Motion:
		return fromMotion(*x, event), nil
	case *requests.Examination:
		return fromExamination(*x, event), nil
	case *requests.Grant:
		return fromGrant(*x, event), nil
	case *requests.Copy:
		return fromCopy(*x, event), nil
	case *requests.Receipt:
		return fromReceipt(*x, event), nil
	case *requests.Result:
		return fromResult(*x, event), nil
	case *requests.Preservation:
		return fromPreservation(*x, event), nil
	case *requests.Link:
		return fromLink(*x, event), nil
	case *requests.TakeOver:
		return fromTakeOver(*x, event), nil
	case *requests.Amendment:
		return fromAmendment(*x, event), nil
	case *requests.AmendmentItem:
		return fromAmendmentItem(*x, event), nil
	case *requests.Attachment:
		return fromAttachment(*x, event), nil
	case *requests.Recall:
		return fromRecall(*x, event), nil
	case *requests.Skip:
		return fromSkip(*x, event), nil
	case *requests.SavedReply:
		return fromSavedReply(*x, event), nil
	case *violations.AppealVerdict:
		return fromAppeal(*x, event), nil
	case *violations.Finding:
		return fromFinding(*x, event), nil
	case *violations.Confirmation:
		return fromConfirmation(*x, event), nil
	}
	if x, ok := v.(*publishing.Report); ok {
		return fromReport(*x, event), nil
	}
	if r := fraudRow(v, event); r != nil {
		return r, nil
	}
	if r := paperRow(v, event); r != nil {
		return r, nil
	}
	if r := userNoticeRowOf(v, event); r != nil {
		return r, nil
	}
	if r := findingRowOf(v, event); r != nil {
		return r, nil
	}
	if r := retentionRow(v, event); r != nil {
		return r, nil
	}
	if r := consoleRow(v, event); r != nil {
		return r, nil
	}
	if r := processRow(v, event); r != nil {
		return r, nil
	}
	if r := watchRow(v, event); r != nil {
		return r, nil
	}
	if x, ok := v.(*requests.Snapshot); ok {
		return fromSnapshot(*x, event), nil
	}
	if x, ok := v.(*requests.Silence); ok {
		return fromSilence(*x, event), nil
	}
	if r := rightsRow(v, event); r != nil {
		return r, nil
	}
	if r := deskRow(v, event); r != nil {
		return r, nil
	}
	if r := gapRow(v, event); r != nil {
		return r, nil
	}
	if r := epochRow(v, event); r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("store: no table for %T", v)
}

// useKey records an idempotency key in the step's own transaction. A second
// use waits for the first to commit, and then finds it.
func useKey(tx *gorm.DB, k *change.Key) error {
	if k == nil {
		return nil
	}
	res := tx.Exec(`INSERT INTO idempotency (person_id, key, body_sha256, outcome, at) VALUES (@person, @key, @body, @outcome, @at)
		ON CONFLICT DO NOTHING`, map[string]any{"person": string(k.Person), "key": k.Key, "body": bytesValue(k.Body[:]), "outcome": k.Outcome, "at": micro(k.At)})
	if res.Error != nil {
		return res.Error
	}
	if res.RowsAffected == 1 {
		return nil
	}
	return usedKey(tx, k)
}

// usedKey gives the outcome of a key that was used before, nil of a new one.
func usedKey(tx *gorm.DB, k *change.Key) error {
	var was struct {
		BodySHA256 []byte `gorm:"column:body_sha256"`
		Outcome    string `gorm:"column:outcome"`
	}
	res := tx.Raw("SELECT body_sha256, outcome FROM idempotency WHERE person_id = ? AND key = ?", string(k.Person), k.Key).Scan(&was)
	if res.Error != nil || res.RowsAffected == 0 {
		return res.Error
	}
	if !bytes.Equal(was.BodySHA256, k.Body[:]) {
		return fault.New(fault.Conflict, "This form was already sent with other contents. Open it again and send it once more.")
	}
	return &change.Used{Outcome: was.Outcome}
}

// Repeated gives *change.Used where a key was used before with the same body, a
// Conflict with another one, and nil for a nil or a new key.
func (s *Store) Repeated(ctx context.Context, k *change.Key) (err error) {
	defer fault.Wrap(&err, "store.Repeated")
	if k == nil {
		return nil
	}
	return s.inReadTx(ctx, func(tx *gorm.DB) error { return usedKey(tx, k) })
}

// Rows streams every business row in its canonical form, for the replay of the
// log: table, id, the event that wrote it, and what that event committed to.
func (s *Store) Rows(ctx context.Context, f func(table, id, eventID string, canonical []byte) error) (err error) {
	defer fault.Wrap(&err, "store.Rows")
	db := s.db.WithContext(ctx)
	for _, each := range []iter.Seq2[tableRow, error]{
		scan[agencyRow](db), scan[personRow](db), scan[ruleOffenceRow](db), scan[documentRow](db), scan[requestRow](db),
		scan[targetRow](db), scan[answerRow](db), scan[messageRow](db), scan[decisionRow](db), scan[findingRow](db),
		scan[askRow](db), scan[confirmationRow](db), scan[releaseRow](db), scan[itemRow](db),
		scan[detailRow](db), scan[roundRow](db), scan[callRow](db), scan[noticeAddressRow](db), scan[statementRow](db), scan[disownedRow](db),
		scan[signingKeyRow](db), scan[deliveryRow](db),
		scan[unitRow](db), scan[passkeyRow](db), scan[assertionRow](db),
		scan[signatureRow](db), scan[cosignatureRuleRow](db), scan[cosignatureChoiceRow](db), scan[motionRow](db),
		scan[examinationRow](db), scan[grantRow](db), scan[receiptRow](db), scan[recallRow](db), scan[appealRow](db),
		scan[copyRow](db),
		scan[riskStatementRow](db), scan[riskClearanceRow](db), scan[riskOverrideRow](db), scan[documentPrintRow](db), scan[sensitiveMarkRow](db),
		scan[caseHoldRow](db), scan[containmentRow](db), scan[containmentLetterRow](db), scan[fraudCaseRow](db), scan[issuerEchoRow](db),
		scan[skipRow](db), scan[savedReplyRow](db),
		scan[documentExaminationRow](db), scan[knownForgeryRow](db),
		scan[invitationRow](db), scan[accountChangeRow](db), scan[providerAccountRow](db),
		scan[reportRow](db),
		scan[preservationRow](db), scan[snapshotRow](db), scan[silenceRow](db), scan[resultRow](db), scan[takeoverRow](db), scan[linkRow](db), scan[amendmentRow](db), scan[amendmentItemRow](db), scan[attachmentRow](db),
		scan[gagRow](db), scan[gagStepRow](db), scan[userNoticeRow](db),
		scan[findingImportRow](db), scan[findingOriginRow](db),
		scan[retentionTermRow](db), scan[legalHoldRow](db), scan[erasureRow](db),
		scan[processProposalRow](db), scan[processVersionRow](db), scan[clockAlertRow](db), scan[objectionRow](db),
		scan[sensitiveClassRow](db), scan[rightsReviewRow](db), scan[rightsAnswerRow](db), scan[markRemovalRow](db),
		scan[forgeryRemovalRow](db), scan[orderComparisonRow](db), scan[arrivalRow](db), scan[targetFlagRow](db),
		scan[verificationRow](db), scan[sampleRow](db), scan[sampleCaseRow](db), scan[auditFindingRow](db), scan[auditAnswerRow](db), scan[errorReportRow](db),
		scan[lossWordRow](db), scan[logEpochRow](db),
		scan[errorReasonRow](db),
	} {
		for r, err := range each {
			if err != nil {
				return err
			}
			if err := f(r.TableName(), r.rowID(), r.rowEvent(), canonical(r)); err != nil {
				return err
			}
		}
	}
	return nil
}

// scan streams a table.
func scan[R any, P interface {
	*R
	tableRow
}](db *gorm.DB) iter.Seq2[tableRow, error] {
	return func(yield func(tableRow, error) bool) {
		db, wanted := ofThese(db, P(new(R)))
		if !wanted {
			return
		}
		rows, err := db.Model(new(R)).Rows()
		if err != nil {
			yield(nil, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			r := new(R)
			if err := db.ScanRows(rows, r); err != nil {
				yield(nil, err)
				return
			}
			if !yield(P(r), nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}
