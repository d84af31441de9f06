package export

import (
	"lerd/internal/export/columns"
	"lerd/internal/pdfa"
)

// The cells of both documents' tables that are the program's own words; they are
// shaped once, not for each release.
var (
	_ = pdfa.Own("From", "To", "Your reference", "Our reference", "Order", "Legal basis", "Bundle", "Made for", "Copy", "Request", "Authority", "Instrument",
		"SHA-256 of the order", "Name", "Title", "Employer", "Address", "Qualification", "SHA-256", "Event", "nothing", "none stated",
		"Name and signature", "Name, designation and signature", "Executed on (date)", "Place", "Date (DD/MM/YYYY)", "Time (IST), 24 hours")
	_ = ownTables()
)

func ownTables() struct{} {
	for _, words := range []map[string]string{categoryWords, outcomeWords} {
		for _, w := range words {
			pdfa.Own(pdfa.Fixed(w))
		}
	}
	for _, action := range CustodyActions {
		pdfa.Own(pdfa.Fixed(action))
	}
	for _, t := range []*columns.Table{phoneTable, ipTable} {
		for _, c := range t.Columns {
			pdfa.Own(pdfa.Fixed(t.Name+"."+c.Name), pdfa.Fixed(c.Empty))
		}
	}
	return struct{}{}
}
