package verify

import (
	"bytes"
	"time"

	"lerd/internal/export/columns"
	"lerd/internal/fault"
)

// Columns at the same place in both tables, and in one of them.
const (
	colRequest, colSubject, colAccount = 1, 2, 3
	colEventTime, colIPVer, colIP      = 5, 6, 7
	colPhone, colCode                  = 4, 10
	colValidFrom, colValidTo           = 7, 8
)

// within is the outcome of the row before: it is that of the next row of the same
// subject and account.
type within struct {
	subject, account []byte
	*outcome
}

// scope sees that a row is inside its own outcome.
func (p *parallel) scope(t *columns.Table) error {
	if !bytes.HasSuffix(p.cells[0], p.mark) {
		return fault.New(fault.Invalid, "The record's id does not end in the mark of this copy.")
	}
	if string(p.cells[colRequest]) != p.v.export.Request.Ref {
		return fault.New(fault.Invalid, "The record is of another request.")
	}
	w := &p.within
	if w.outcome == nil || !bytes.Equal(w.subject, p.cells[colSubject]) || !bytes.Equal(w.account, p.cells[colAccount]) {
		if err := p.enter(t); err != nil {
			return err
		}
	}
	o := w.outcome
	o.found++
	if t == &columns.IPAddresses {
		return p.inPeriodIP(o)
	}
	if code := p.cells[colCode]; !bytes.HasPrefix(p.cells[colPhone][1:], code) {
		return fault.New(fault.Invalid, "The number does not begin with its country's calling code.")
	}
	from, to := p.cells[colValidFrom], p.cells[colValidTo]
	if len(from) > 0 && !before(from, o.to) || len(to) > 0 && !before([]byte(o.from+"Z"), pad(to)) {
		return fault.New(fault.Invalid, "The number was not the account's in the approved period.")
	}
	return nil
}

// enter finds the outcome of a row of another subject than the one before.
func (p *parallel) enter(t *columns.Table) error {
	subject, account, category := string(p.cells[colSubject]), string(p.cells[colAccount]), "phone_number"
	if t == &columns.IPAddresses {
		category = "ip_address"
	}
	o := p.allowed[key(subject, category)]
	if o == nil || !o.approved {
		return fault.New(fault.Invalid, "The category %s was not approved for the subject of this record.", category)
	}
	if was, ok := p.account[subject]; ok && was != account {
		return fault.New(fault.Invalid, "The subject has records of two accounts.")
	}
	p.account[subject] = account
	p.within = within{append(p.within.subject[:0], subject...), append(p.within.account[:0], account...), o}
	return nil
}

// pad gives a cell as a moment.
func pad(cell []byte) string {
	body := string(cell[:len(cell)-1])
	if len(body) == 19 {
		body += "."
	}
	return (body + "000000000")[:29]
}

func (p *parallel) inPeriodIP(o *outcome) error {
	if at := p.cells[colEventTime]; before(at, o.from) || !before(at, o.to) {
		return fault.New(fault.Invalid, "The event lies outside the approved period.")
	}
	six := bytes.IndexByte(p.cells[colIP], ':') >= 0
	if six != (p.cells[colIPVer][0] == '6') {
		return fault.New(fault.Invalid, "ip_version is not that of the address.")
	}
	return nil
}

// moment gives a time in a form that orders as times do.
func moment(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000") }

// before compares a cell with a moment: the cell's missing digits are zeros.
func before(cell []byte, m string) bool {
	body := cell[:len(cell)-1]
	for i := range len(m) {
		c := byte('0')
		if i == 19 {
			c = '.'
		}
		if i < len(body) {
			c = body[i]
		}
		if c != m[i] {
			return c < m[i]
		}
	}
	return false
}
