package web

// DateTime is an instant as people type it: date, time of day and zone, each
// said; Fold chooses between the two of an hour that daylight saving repeats.
// What it means is the domain's to find.
type DateTime struct {
	Date string `form:"date" validate:"omitempty,datetime=2006-01-02" label:"form.date" hint:"form.date.hint" input:"date" width:"short" autocomplete:"off"`
	Time string `form:"time" validate:"omitempty,clock" label:"form.time" hint:"form.time.hint" input:"time" width:"short" autocomplete:"off"`
	Zone string `form:"zone" validate:"omitempty,timezone,max=60" label:"form.zone" hint:"form.zone.hint" width:"medium" autocomplete:"off"`
	Fold string `form:"fold" validate:"omitempty,oneof=first second" label:"form.fold" hint:"form.fold.hint" input:"select"`
}

// Instant is a DateTime as the partial "datetime" shows it.
type Instant struct {
	Label                  string
	Date, Time, Zone, Fold Field
}

// Folded tells whether to ask which of two equal hours is meant.
func (i Instant) Folded() bool { return i.Fold.Value != "" || i.Time.Error != "" || i.Fold.Error != "" }

// Instant gives the parts of a DateTime field; label is shown as it is.
func (f *Form) Instant(name, label string) (Instant, error) {
	out := Instant{Label: label}
	for part, to := range map[string]*Field{"date": &out.Date, "time": &out.Time, "zone": &out.Zone, "fold": &out.Fold} {
		fd, err := f.Field(name + "-" + part)
		if err != nil {
			return out, err
		}
		fd.Optional = ""
		*to = fd
	}
	return out, nil
}
