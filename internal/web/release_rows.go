package web

import (
	"strconv"
	"strings"
	"time"

	"lerd/internal/records"
	"lerd/internal/requests"
)

// exact is a moment as a record holds it, to the microsecond.
func exact(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05.999999") + " UTC"
}

func (v releaseSheet) period(from, to time.Time) string {
	return v.c.T("review.period", "from", exact(from), "to", exact(to))
}

// fillRows shows one page of the frozen records, every field of each.
func (v releaseSheet) fillRows(p *releasePage, page int) error {
	from := (page - 1) * rowsPerPage
	if page > 1 && from >= v.sheet.Total {
		return notFound()
	}
	to := from + len(v.sheet.Rows)
	p.Pages = v.c.pagesOf(page, to < v.sheet.Total, v.rowsPath)
	if p.Pages.Shown != "" {
		p.Pages.Shown = v.c.T("release.shown", "from", from+1, "to", to, "of", v.sheet.Total)
	}
	phones, sessions := v.phoneTable(), v.sessionTable()
	for _, r := range v.sheet.Rows {
		if r.Phone != nil {
			phones.Rows = append(phones.Rows, v.phoneRow(r))
			continue
		}
		sessions.Rows = append(sessions.Rows, v.sessionRow(r))
	}
	if len(phones.Rows) > 0 {
		p.Phones = &phones
	}
	if len(sessions.Rows) > 0 {
		p.Sessions = &sessions
	}
	return nil
}

func (v releaseSheet) columns(keys ...string) []Column {
	out := []Column{{Text: v.c.T("release.col.n")}}
	for _, k := range keys {
		out = append(out, Column{Text: v.c.T("release.col." + k)})
	}
	return out
}

func (v releaseSheet) phoneTable() Table {
	return Table{Caption: v.c.T("release.phones"), Columns: v.columns("account", "phone", "verified", "from", "to")}
}

func (v releaseSheet) phoneRow(r requests.Record) []Cell {
	ph := r.Phone
	to := exact(ph.ValidTo)
	if to == "" {
		to = v.c.T("release.still")
	}
	return []Cell{v.number(r), v.account(r, ph.Account), {Code: ph.Phone.Reveal()}, {Text: v.c.T("release.verification." + string(ph.Verification)), Note: exact(ph.VerifiedAt)},
		{Text: exact(ph.ValidFrom)}, {Text: to}}
}

func (v releaseSheet) sessionTable() Table {
	return Table{Caption: v.c.T("release.sessions"), Columns: v.columns("account", "event", "at", "address", "destination", "session")}
}

func (v releaseSheet) sessionRow(r requests.Record) []Cell {
	ip := r.IP
	shared := ""
	if ip.Shared != records.SharedUnknown {
		shared = v.c.T("release.shared." + string(ip.Shared))
	}
	dest := ""
	if d := ip.Destination.Reveal(); d.IsValid() {
		dest = endpoint(d.String(), ip.DestinationPort)
	}
	var span []string
	if !ip.FirstSeen.IsZero() || !ip.LastSeen.IsZero() {
		span = append(span, v.c.T("release.seen", "from", word(exact(ip.FirstSeen), "–"), "to", word(exact(ip.LastSeen), "–")))
	}
	if !ip.SessionEnd.IsZero() {
		span = append(span, v.c.T("release.ended", "at", exact(ip.SessionEnd)))
	}
	return []Cell{v.number(r), v.account(r, ip.Account), {Text: string(ip.Event)}, {Text: exact(ip.At), Note: strings.Join(span, " · ")},
		{Code: endpoint(ip.Address.Reveal().String(), ip.SourcePort), Note: shared}, {Code: dest, Note: string(ip.Transport)}, {Code: ip.SessionID, Note: string(ip.SessionType)}}
}

// number names a row by its place in the bundle and by the source's own id, and
// says when it was kept that the account data no longer have.
func (v releaseSheet) number(r requests.Record) Cell {
	cell := Cell{Text: strconv.Itoa(r.Ordinal)}
	if r.Phone != nil {
		cell.Note = r.Phone.RecordID
	} else {
		cell.Note = r.IP.RecordID
	}
	if !r.PreservedAt.IsZero() {
		cell.Note += " · " + v.c.T("release.kept", "at", exact(r.PreservedAt))
	}
	return cell
}

// account names a row's account by its number and by the target of its item.
func (v releaseSheet) account(r requests.Record, id records.AccountID) Cell {
	cell := Cell{Code: strconv.FormatInt(int64(id), 10)}
	for _, i := range v.cs.Release.Items {
		for _, t := range v.cs.Request.Targets {
			if i.ID == r.Item && t.ID == i.Target {
				cell.Note = v.c.T("request.target", "number", t.Ordinal)
			}
		}
	}
	return cell
}

// endpoint gives an address with its port; an IPv6 address in brackets.
func endpoint(addr string, port uint16) string {
	if port == 0 {
		return addr
	}
	for _, r := range addr {
		if r == ':' {
			return "[" + addr + "]:" + strconv.Itoa(int(port))
		}
	}
	return addr + ":" + strconv.Itoa(int(port))
}
