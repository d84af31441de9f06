package web

import (
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"lerd/internal/fault"
)

// Option is one choice of a select, radios or checkboxes.
type Option struct{ Value, Text, Hint string }

// Field is one field of a form as the partial "field" shows it.
type Field struct {
	ID, Name     string
	Label, Hint  string
	Error        string
	Input        string // text, textarea, select, radios, checkbox, checkboxes, file, date, time, email, tel, number, code, hidden
	Value        string
	Values       []string // of checkboxes
	Required     bool
	Optional     string // the word shown beside a field that may stay empty
	Max          int    // characters, 0 for none
	Autocomplete string
	InputMode    string
	Width        string // short, medium, long
	Accept       string // of a file
	Dir          string // auto for free text, ltr for codes
	Rows         int
	Options      []Option
}

// DescribedBy gives the ids of hint and error, for aria-describedby.
func (f Field) DescribedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// Chosen tells whether an option is the value, or one of the values.
func (f Field) Chosen(value string) bool {
	if f.Input == "checkboxes" {
		for _, v := range f.Values {
			if v == value {
				return true
			}
		}
		return false
	}
	return f.Value == value
}

// Type gives the input's type attribute. Dates and times of day are typed as
// text, year first and in 24 hours: the browser's own inputs show them in the
// order of its locale, where 03/04 is two days.
func (f Field) Type() string {
	switch f.Input {
	case "code", "number", "date", "time":
		return "text"
	}
	return f.Input
}

// Fieldset tells whether the field is a group of inputs under a legend.
func (f Field) Fieldset() bool { return f.Input == "radios" || f.Input == "checkboxes" }

// Summary is one line of the error summary.
type Summary struct{ Href, Text string }

// Form is a form on a page: its fields come from the tags of an input struct,
// its values from what was typed.
type Form struct {
	Action  string
	Key     string // idempotency key
	Seen    int64  // version of the case that the page shows; 0: none
	Upload  bool
	Summary []Summary // problems, in the order given
	Title   string    // of the error summary

	fields map[string]Field
	groups map[string]int
	say    func(string) string                // the domain's sentences in the reader's language
	about  func(question, says string) string // a summary's line, with its question where the sentence alone says nothing
}

// Field gives a field by name; an unknown name is a defect and fails the page.
func (f *Form) Field(name string) (Field, error) {
	fd, ok := f.fields[name]
	if !ok {
		return Field{}, fmt.Errorf("the form has no field %q", name)
	}
	return fd, nil
}

// Item gives field name of the i-th row of a group of rows.
func (f *Form) Item(group string, i int, name string) (Field, error) {
	return f.Field(group + "-" + strconv.Itoa(i) + "-" + name)
}

// Rows gives 0 … n-1 for the rows of a group.
func (f *Form) Rows(group string) []int {
	out := make([]int, f.groups[group])
	for i := range out {
		out[i] = i
	}
	return out
}

// Options sets the choices of a field.
func (f *Form) Options(name string, options []Option) *Form {
	fd, ok := f.fields[name]
	if !ok {
		panic("web: the form has no field " + name)
	}
	fd.Options = options
	f.fields[name] = fd
	return f
}

// Form makes a form that shows in, a struct of strings, bools, ints, lists of
// strings and lists of structs, tagged
//
//	form:"name"  validate:"required,max=80"  label:"message.key"  hint:"message.key"
//	input:"textarea" autocomplete:"off" inputmode:"numeric" width:"short" accept:".pdf" rows:"6"
func (c *Ctx) Form(action string, in any) *Form {
	f := &Form{Action: action, Key: c.srv.newID(), Seen: c.seen, fields: map[string]Field{}, groups: map[string]int{}, say: c.Say}
	f.about = func(question, says string) string {
		if says != c.T("form.rule.required") {
			return says
		}
		return c.T("draft.about", "question", question, "says", says)
	}
	v := reflect.Indirect(reflect.ValueOf(in))
	c.addFields(f, "", v)
	return f
}

// FormAgain makes the form anew after err: with what was typed, as it was typed,
// and the problems beside their fields. The page is then sent with status 422.
func (c *Ctx) FormAgain(action string, in any, err error) *Form {
	f := c.Form(action, in)
	for name, fd := range f.fields {
		if typed, ok := c.values[name]; ok && fd.Input != "file" && fd.Input != "checkbox" {
			fd.Value, fd.Values = typed[0], typed
			f.fields[name] = fd
		}
	}
	for _, p := range fault.ProblemsOf(err) {
		f.addProblem(p)
	}
	c.refused(err)
	if len(f.Summary) == 0 && err != nil {
		f.Summary = []Summary{{Text: c.Say(fault.Message(err))}}
	}
	f.Title = c.T("form.summary", "n", len(f.Summary))
	c.status = fault.Status(err)
	return f
}

func (f *Form) addProblem(p fault.Problem) {
	if f.say != nil {
		p.Message = f.say(p.Message)
	}
	line := Summary{Text: p.Message}
	if fd, ok := f.fields[p.Field]; ok {
		if fd.Error == "" {
			fd.Error = p.Message
			f.fields[p.Field] = fd
		}
		line.Href = "#" + fd.ID
		if f.about != nil && fd.Label != "" {
			line.Text = f.about(fd.Label, p.Message)
		}
		if fd.Fieldset() && len(fd.Options) > 0 {
			line.Href = "#" + fd.ID + "-0"
		}
	}
	f.Summary = append(f.Summary, line)
}

func (c *Ctx) addFields(f *Form, prefix string, v reflect.Value) {
	for i := range v.NumField() {
		sf, fv := v.Type().Field(i), v.Field(i)
		name := sf.Tag.Get("form")
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct {
			c.addFields(f, prefix, fv)
			continue
		}
		if name == "" || name == "-" {
			continue
		}
		if fv.Kind() == reflect.Struct {
			c.addFields(f, prefix+name+"-", fv)
			continue
		}
		if fv.Kind() == reflect.Slice && fv.Type().Elem().Kind() == reflect.Struct {
			f.groups[prefix+name] = fv.Len()
			for j := range fv.Len() {
				c.addFields(f, prefix+name+"-"+strconv.Itoa(j)+"-", fv.Index(j))
			}
			continue
		}
		f.fields[prefix+name] = c.field(prefix+name, sf, fv)
		f.Upload = f.Upload || sf.Tag.Get("input") == "file"
	}
}

// field reads one struct field's tags and value.
func (c *Ctx) field(name string, sf reflect.StructField, v reflect.Value) Field {
	tag := sf.Tag.Get
	fd := Field{ID: name, Name: name, Input: tag("input"), Autocomplete: tag("autocomplete"), InputMode: tag("inputmode"),
		Width: tag("width"), Accept: tag("accept"), Dir: "auto"}
	fd.Label, fd.Hint = c.tagText(tag("label")), c.tagText(tag("hint"))
	fd.Rows, _ = strconv.Atoi(tag("rows"))
	fd.Required, fd.Max = shape(tag("validate"), v.Kind() == reflect.String)
	if !fd.Required {
		fd.Optional = c.T("form.optional")
	}
	if fd.Input == "" {
		fd.Input = "text"
		if v.Kind() == reflect.Bool {
			fd.Input = "checkbox"
		}
	}
	if fd.Rows == 0 {
		fd.Rows = 5
	}
	if fd.Input == "code" || fd.Input == "tel" || fd.Input == "email" || fd.Input == "number" || fd.Input == "date" || fd.Input == "time" {
		fd.Dir = "ltr"
	}
	fd.setValue(v)
	return fd
}

func (f *Field) setValue(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			f.Value = "yes"
		}
	case reflect.Slice:
		for i := range v.Len() {
			f.Values = append(f.Values, v.Index(i).String())
		}
	case reflect.Int, reflect.Int64:
		if v.Int() != 0 {
			f.Value = strconv.FormatInt(v.Int(), 10)
		}
	default:
		f.Value = v.String()
	}
}

func (c *Ctx) tagText(key string) string {
	if key == "" {
		return ""
	}
	return c.T(key)
}

// shape reads what the browser may know of a validate tag.
func shape(tag string, text bool) (required bool, max int) {
	for _, rule := range strings.Split(tag, ",") {
		name, arg, _ := strings.Cut(rule, "=")
		switch {
		case name == "dive":
			return required, max
		case name == "required" || name == "required_if":
			required = required || name == "required"
		case name == "max" && text:
			max, _ = strconv.Atoi(arg)
		}
	}
	return required, max
}

// Typed gives the values of the POST as they were typed, for tests and for
// forms that are not described by a struct.
func (c *Ctx) Typed() url.Values { return c.values }

// mark puts the problems of err beside their fields anew, for fields and options
// that were added after the form was made.
func (f *Form) mark(err error) {
	problems := fault.ProblemsOf(err)
	if len(problems) == 0 {
		return
	}
	f.Summary = nil
	for _, p := range problems {
		f.addProblem(p)
	}
}
