package sample

// accountRows gives sample.account.
func (w *world) accountRows(yield func(*rowWriter) bool) {
	var row rowWriter
	for i := range int(w.accounts()) {
		p := w.person(i)
		current := ""
		if n := len(p.usernames); n > 0 && p.usernames[n-1].to == 0 {
			current = p.usernames[n-1].value
		}
		row.start(4)
		row.bigint(idOf(i))
		row.text(current)
		row.stamp(p.created)
		row.smallint(p.status)
		if !yield(&row) {
			return
		}
	}
}

// usernameRows gives sample.username.
func (w *world) usernameRows(yield func(*rowWriter) bool) {
	var row rowWriter
	for i := range int(w.accounts()) {
		for _, s := range w.person(i).usernames {
			row.start(4)
			row.bigint(idOf(i))
			row.text(s.value)
			row.stamp(s.from)
			row.stamp(s.to)
			if !yield(&row) {
				return
			}
		}
	}
}

// phoneRows gives sample.phone: a number is verified within minutes, one in
// twenty never.
func (w *world) phoneRows(yield func(*rowWriter) bool) {
	var row rowWriter
	id := int64(0)
	for i := range int(w.accounts()) {
		for _, s := range w.person(i).phones {
			id++
			verified := s.from + (20+w.pick(int(id), 9, 200))*1_000_000
			if i >= len(w.story) && w.pick(int(id), 10, 20) == 0 {
				verified = 0
			}
			row.start(6)
			row.bigint(id)
			row.bigint(idOf(i))
			row.text(s.value)
			row.stamp(verified)
			row.stamp(s.from)
			row.stamp(s.to)
			if !yield(&row) {
				return
			}
		}
	}
}
