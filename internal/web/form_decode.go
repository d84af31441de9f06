package web

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"lerd/internal/fault"
)

// keyField is the hidden field of every state-changing form. A lost answer and a
// second click then remain one step.
const keyField = "idempotency_key"

// maxFields is how many values a form may hold.
const maxFields = 2000

// readForm reads the POST's body, never the address's query, and its key.
func (c *Ctx) readForm() error {
	kind, params, err := mime.ParseMediaType(c.Request().Header.Get("Content-Type"))
	switch {
	case c.Route.Body == NoBody && c.Request().ContentLength == 0:
		c.values = url.Values{}
	case err == nil && kind == "application/x-www-form-urlencoded":
		c.values, err = c.readURLEncoded()
	case err == nil && kind == "multipart/form-data" && params["boundary"] != "":
		c.values, err = c.readMultipart(params["boundary"])
	default:
		return fault.New(fault.Unsupported, "%s", c.T("error.unsupported.text"))
	}
	if err != nil {
		return c.bodyError(err)
	}
	if c.Route.NoKey {
		return nil
	}
	return c.takeKey()
}

// takeKey demands a well-formed idempotency key, exactly once.
func (c *Ctx) takeKey() error {
	keys := c.values[keyField]
	if len(keys) != 1 {
		return errBadForm{c.T("form.no_key")}
	}
	id, err := uuid.Parse(keys[0])
	if err != nil || id.String() != keys[0] || id == uuid.Nil {
		return errBadForm{c.T("form.no_key")}
	}
	c.key = keys[0]
	return nil
}

// limit gives how many bytes the route reads; a route without a body still
// takes a form with nothing but the key.
func (c *Ctx) limit() int64 {
	if n := c.Route.maxBody(); n > 0 {
		return n
	}
	return 4 << 10
}

func (c *Ctx) readURLEncoded() (url.Values, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, c.limit()))
	if err != nil {
		return nil, err
	}
	if strings.Count(string(body), "&") >= maxFields {
		return nil, errBadForm{c.T("form.too_many_fields")}
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errBadForm{c.T("error.bad_request.text")}
	}
	return values, c.checkText(values)
}

// checkText refuses what no keyboard types: broken UTF-8 and NUL.
func (c *Ctx) checkText(values url.Values) error {
	for name, list := range values {
		for _, v := range append(list, name) {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return errBadForm{c.T("form.bad_text")}
			}
		}
	}
	return nil
}

// bodyError says in plain words why a body could not be read.
func (c *Ctx) bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	var bad errBadForm
	var known *fault.Error
	switch {
	case errors.As(err, &tooLarge):
		c.drain()
		return c.tooLarge(tooLarge.Limit)
	case errors.As(err, &bad), errors.As(err, &known):
		return err
	}
	return errBadForm{c.T("error.bad_request.text")}
}

// drainLimit is how much of a body over its limit is read and thrown away.
const drainLimit = 128 << 20

// drain reads on for a while: a browser shows the answer only when it has sent
// its form, and a connection closed before that looks to the reader as if the
// site were down.
func (c *Ctx) drain() { _, _ = io.CopyN(io.Discard, c.Request().Body, drainLimit) }

func (c *Ctx) tooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "%s", c.T("error.too_large.limit", "limit", size(limit)))
}

// size gives a number of bytes in words.
func size(n int64) string {
	switch {
	case n >= 1<<20:
		return strconv.FormatInt(n>>20, 10) + " MB"
	case n >= 1<<10:
		return strconv.FormatInt(n>>10, 10) + " kB"
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// Decode fills in, a pointer to an input struct, from the POST's body and checks
// its shape. It gives fault.Invalid with a problem per field; in is filled as
// far as possible even then.
func (c *Ctx) Decode(in any) error { return c.decode(in, c.values) }

// DecodeQuery fills in from the address of a GET: filters and pages of a list.
func (c *Ctx) DecodeQuery(in any) error {
	values, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return errBadForm{c.T("error.bad_request.text")}
	}
	if err := c.checkText(values); err != nil {
		return err
	}
	return c.decode(in, values)
}

func (c *Ctx) decode(in any, values url.Values) error {
	d := decoder{c: c, values: values}
	d.fill("", reflect.ValueOf(in).Elem())
	problems := append(d.problems, c.validate(in, d.problems)...)
	return fault.Fields(problems)
}

// decoder fills structs from values.
type decoder struct {
	c        *Ctx
	values   url.Values
	problems []fault.Problem
}

func (d *decoder) fill(prefix string, v reflect.Value) {
	for i := range v.NumField() {
		sf, fv := v.Type().Field(i), v.Field(i)
		if sf.Anonymous && sf.Type.Kind() == reflect.Struct {
			d.fill(prefix, fv)
			continue
		}
		name := sf.Tag.Get("form")
		if name == "" || name == "-" || !fv.CanSet() {
			continue
		}
		d.set(prefix+name, sf, fv)
	}
}

// set fills one field. Text is trimmed, and its line ends become \n.
func (d *decoder) set(name string, sf reflect.StructField, v reflect.Value) {
	typed := d.values[name]
	switch v.Kind() {
	case reflect.String:
		if len(typed) > 0 {
			v.SetString(tidy(typed[0]))
		}
	case reflect.Bool:
		v.SetBool(len(typed) > 0 && typed[0] != "" && typed[0] != "no")
	case reflect.Int, reflect.Int64:
		d.setInt(name, typed, v)
	case reflect.Slice:
		d.setSlice(name, sf, v)
	case reflect.Struct:
		d.fill(name+"-", v)
	}
}

func (d *decoder) setInt(name string, typed []string, v reflect.Value) {
	if len(typed) == 0 || strings.TrimSpace(typed[0]) == "" {
		return
	}
	n, err := strconv.ParseInt(strings.TrimSpace(typed[0]), 10, v.Type().Bits())
	if err != nil {
		d.problems = append(d.problems, fault.Problem{Field: name, Message: d.c.T("form.number")})
		return
	}
	v.SetInt(n)
}

// setSlice fills a list of strings from repeated values, and a list of structs
// from name-0-x, name-1-x … The tag limit:"n" bounds the rows; 100 by default.
func (d *decoder) setSlice(name string, sf reflect.StructField, v reflect.Value) {
	limit, err := strconv.Atoi(sf.Tag.Get("limit"))
	if err != nil {
		limit = 100
	}
	elem := v.Type().Elem()
	if elem.Kind() == reflect.String {
		for _, t := range d.values[name] {
			v.Set(reflect.Append(v, reflect.ValueOf(tidy(t)).Convert(elem)))
		}
		return
	}
	rows := d.rows(name)
	if rows > limit {
		d.problems = append(d.problems, fault.Problem{Field: name, Message: d.c.T("form.rows", "limit", limit)})
		rows = limit
	}
	v.Set(reflect.MakeSlice(v.Type(), rows, rows))
	for i := range rows {
		d.fill(name+"-"+strconv.Itoa(i)+"-", v.Index(i))
	}
}

// rows counts the rows of a group: one more than the highest index with fewer
// than 5 digits.
func (d *decoder) rows(name string) int {
	n := 0
	for key := range d.values {
		rest, ok := strings.CutPrefix(key, name+"-")
		if !ok {
			continue
		}
		digits, _, _ := strings.Cut(rest, "-")
		if i, err := strconv.Atoi(digits); err == nil && len(digits) < 5 && i >= 0 && i+1 > n {
			n = i + 1
		}
	}
	return n
}

func tidy(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
}
