package model

// Short says in a line what a report is about, for a list of several; "" where
// the file holds nothing that is known.
func (r Report) Short(w Words) string {
	if r.Result == nil || len(r.Result.Credentials) == 0 || r.Result.Credentials[0].Type == nil {
		return ""
	}
	c := r.Result.Credentials[0]
	what := TypeName(w, *c.Type)
	switch {
	case c.IssuerName != nil:
		return w.L("{{.What}}, by {{.Issuer}}", D{"What": what, "Issuer": Plain(*c.IssuerName)})
	case c.Issuer != nil:
		return w.L("{{.What}}, by {{.Issuer}}", D{"What": what, "Issuer": Plain(*c.Issuer)})
	}
	return what
}
