package main

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"lerd/internal/audit"
	"lerd/internal/fault"
	"lerd/internal/identity"
)

// lossWord is a word on a loss, as raw SQL writes it.
func lossWord(id, statement, role, person string, epoch int64) string {
	return fmt.Sprintf(`INSERT INTO loss_word (id, loss_sha256, statement, epoch, role, person_id, reason, at, event_id)
		VALUES ('%s', encode(sha256(convert_to(%s, 'UTF8')), 'hex'), %s, %d, '%s', '%s', 'I say so.', now(), $EVENT)`, id, quoted(statement), quoted(statement), epoch, role, person)
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// begins is a row of an epoch, as raw SQL writes it.
func (l *lostLog) begins(statement string, epoch int64, size string, words [2]string) string {
	lines := strings.Split(statement, "\n")
	return fmt.Sprintf(`INSERT INTO log_epoch (epoch, origin, loss_sha256, size, kept_size, kept_root, counsel_word, auditor_word, at, event_id)
		VALUES (%d, 'lerd.example/test/%d', encode(sha256(convert_to(%s, 'UTF8')), 'hex'), %s, 999, %s, '%s', '%s', now(), $EVENT)`, epoch, epoch, quoted(statement), size, quoted(lines[len(lines)-1]+"x"), words[0], words[1])
}

// TestALossIsAcknowledgedInNoOtherWay writes words and epochs with raw SQL, as
// lerd and as the database's owner, each with all but one thing that it takes.
func TestALossIsAcknowledgedInNoOtherWay(t *testing.T) {
	l := newLost(t)
	in, err := l.oversight.LogLoss(l.as("helen.park"))
	l.must(err)
	real, next := in.Loss.Statement(), in.Loss.Number
	helen, ines, tess := string(l.personOf("helen.park")), string(l.personOf("ines.moreau")), string(l.personOf("tess.boyd"))
	said := func(who, statement, role string, purpose identity.Purpose) string {
		return l.gave(who, purpose, identity.DigestOf("lerd lost log v1", fmt.Sprintf("%x", sha256.Sum256([]byte(statement))), role))
	}
	const one, two = "00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"
	const size = "(SELECT coalesce(max(index) + 1, 0) FROM audit.leaf)"
	counsel, auditor := lossWord(one, real, "counsel", helen, next), lossWord(two, real, "auditor", ines, next)
	bothSaid := []string{counsel, auditor, said("helen.park", real, "counsel", identity.PurposeLostLog), said("ines.moreau", real, "auditor", identity.PurposeLostLog)}
	for _, a := range l.attackers(t) {
		for _, try := range []struct {
			name, scope, because string
			sql                  []string
		}{
			{"a word without a passkey", "counsel", "passkey", []string{counsel}},
			{"a word with a passkey given for something else", "counsel", "passkey", []string{counsel, said("helen.park", real, "counsel", identity.PurposeApprove)}},
			{"a word with a passkey given for another role's", "counsel", "passkey", []string{counsel, said("helen.park", real, "auditor", identity.PurposeLostLog)}},
			{"a word with somebody else's passkey", "counsel", "passkey", []string{counsel, said("ines.moreau", real, "counsel", identity.PurposeLostLog)}},
			{"an administrator's word", "counsel", "does not act as counsel", []string{lossWord(one, real, "counsel", tess, next), said("tess.boyd", real, "counsel", identity.PurposeLostLog)}},
			{"counsel's word as an auditor", "auditor", "does not act as auditor", []string{lossWord(one, real, "auditor", helen, next), said("helen.park", real, "auditor", identity.PurposeLostLog)}},
			{"a word on a statement of no form", "counsel", "check constraint", []string{lossWord(one, "nothing much", "counsel", helen, next), said("helen.park", "nothing much", "counsel", identity.PurposeLostLog)}},
			{"an epoch that begins by one word", "counsel", "a counsel and an auditor", []string{counsel, said("helen.park", real, "counsel", identity.PurposeLostLog), l.begins(real, next, size, [2]string{one, one})}},
			{"an epoch that leaves one out", "owner", "a counsel and an auditor", append(bothSaid, l.begins(real, next+1, size, [2]string{one, two}))},
			{"an epoch with the words in each other's place", "owner", "a counsel and an auditor", append(bothSaid, l.begins(real, next, size, [2]string{two, one}))},
			{"an epoch of a log that has another size", "owner", "another size", append(bothSaid, l.begins(real, next, "7", [2]string{one, two}))},
			{"an epoch after a loss that nobody stated", "owner", "nothing is lost", append(bothSaid, l.begins(real, next, size, [2]string{one, two}))},
		} {
			a.refused(try.name, a.tryAs(try.scope, "log_loss:"+one, try.sql...), try.because, "row-level security", "permission denied")
		}
	}
	owner := attacker{t, l.ownerDB(), "owner"}
	l.must(owner.tryAs("counsel", "log_loss:"+one, counsel, said("helen.park", real, "counsel", identity.PurposeLostLog))) // the right way
	for name, change := range map[string]string{"a word taken back": "DELETE FROM loss_word", "a word changed": "UPDATE loss_word SET reason = 'Other.', event_id = $EVENT"} {
		owner.refused(name, owner.try("log_loss:"+one, change), "refused", "written once")
	}
	l.wantStop(audit.Rollback)
	l.forced(owner, append(bothSaid[1:2:2], l.begins(real, next, size, [2]string{one, two})))
	if err := l.oversight.AcknowledgeLoss(l.as("helen.park"), in.Digest, "Again."); fault.KindOf(err) != fault.Gate {
		t.Errorf("a second word of one person: %v", err)
	}
}

// forced writes an epoch with every rule of the tables switched off, and puts the
// rules back: the log is still stopped, since its own entries begin no epoch.
func (l *lostLog) forced(owner attacker, statements []string) {
	l.t.Helper()
	all := []string{"ALTER TABLE loss_word DISABLE TRIGGER ALL", "ALTER TABLE log_epoch DISABLE TRIGGER ALL"}
	for _, table := range []string{"loss_word", "log_epoch"} {
		statements = append(statements, "ALTER TABLE "+table+" ENABLE TRIGGER ALL")
	}
	l.must(owner.try("log_loss:forced", append(all, statements...)...))
	if _, err := l.sequencer.RunOnce(l.ctx); err == nil || l.sequencer.Hold() == nil {
		l.t.Errorf("an epoch that its owner wrote begins: %v, hold %v", err, l.sequencer.Hold())
	}
}
