package verify

import (
	"encoding/hex"
	"fmt"

	"lerd/bundle"
	"lerd/internal/export/columns"
	"lerd/internal/fault"
)

// checkFiles holds export.json's list of files against the files.
func (v *run) checkFiles() (string, error) {
	listed := map[string]bool{}
	rows := map[string]int64{phonesName: v.r.Phones, ipsName: v.r.IPs, recordsName: v.r.Phones + v.r.IPs, bundle.OutcomesFile: int64(len(v.export.Outcomes))}
	for _, f := range v.export.Files {
		if listed[f.Path] {
			return "", fault.New(fault.Invalid, "export.json lists %s twice.", f.Path)
		}
		listed[f.Path] = true
		s, err := v.digest(f.Path)
		if err != nil {
			return "", err
		}
		if s.size != f.Bytes || hex.EncodeToString(s.sha256[:]) != f.SHA256 {
			return "", fault.New(fault.Invalid, "%s has another size or digest than export.json says.", f.Path)
		}
		if want, has := rows[f.Path]; has && (f.Rows == nil || *f.Rows != want) {
			return "", fault.New(fault.Invalid, "%s has another number of rows than export.json says.", f.Path)
		}
	}
	for _, name := range []string{phonesName, ipsName, recordsName, bundle.OutcomesFile, bundle.CustodyFile} {
		if !listed[name] {
			return "", fault.New(fault.Invalid, "export.json does not list %s.", name)
		}
	}
	return plural(len(listed), "file"), v.checkAbsences()
}

// checkAbsences sees that exactly the columns that are empty in some row are
// named, with their numbers: an empty cell is always explained.
func (v *run) checkAbsences() error {
	rows := map[string]int64{columns.PhoneNumbers.Name: v.r.Phones, columns.IPAddresses.Name: v.r.IPs}
	for _, a := range v.export.Absences {
		name := a.Table + "." + a.Column
		if v.empty[name] != a.Empty || rows[a.Table] != a.Rows {
			return fault.New(fault.Invalid, "export.json says that %s is empty in %d of %d rows, but it is in %d of %d.", name, a.Empty, a.Rows, v.empty[name], rows[a.Table])
		}
		delete(v.empty, name)
	}
	for name := range v.empty {
		return fault.New(fault.Invalid, "%s is empty in some rows, and export.json does not say what that means.", name)
	}
	return nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
