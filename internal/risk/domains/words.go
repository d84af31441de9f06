package domains

import "strings"

// endings are second-level suffixes under which a registry gives names to
// authorities only, as a rule; beside them stand gov, mil and int themselves.
// SOURCE: the registries' own policies, from memory (M); a name under such a
// suffix is still compared where it looks the same as one on file.
var endings = map[string]bool{"gov": true, "gob": true, "gouv": true, "gub": true, "gv": true, "govt": true, "mil": true, "jus": true, "mp": true, "leg": true, "police": true, "judiciary": true}

// underGo are the countries whose authorities have "go" for that.
var underGo = map[string]bool{"jp": true, "kr": true, "id": true, "th": true, "tz": true, "ke": true, "ug": true, "cr": true}

func restricted(suffix string) bool {
	first, country, two := strings.Cut(suffix, ".")
	switch {
	case !two:
		return first == "gov" || first == "mil" || first == "int"
	case endings[first]:
		return true
	}
	return first == "nic" && country == "in" || first == "go" && underGo[country]
}

// common are words that many authorities have in their names: alone they make
// no name like another one.
var common = words(`police polizei policia policija politie politi poliisi polis justice justicia justiz giustizia justica court courts
	tribunal tribunale gericht amtsgericht landgericht prosecutor prosecution fiscalia procura staatsanwaltschaft ministry interior crown
	gendarmerie guardia national federal state government gouvernement service services office agency bureau department district
	cyber crime cybercrime investigation online portal secure mail email webmail www info public bayern hessen berlin hamburg
	london paris delhi india france england scotland sachsen niedersachsen polizeisachsen thueringen brandenburg saarland karnataka rajasthan
	policie policija policja politiet politia poliisi politsei policiajudiciaria poderjudicial fiscal domstol domstole
	oikeus prokuratura prokuratuur procuratie ministeriopublico mpublico justicia rechtspraak justizportal`)

// generic are endings under which anybody registers anything, so that the bare
// word for an authority under one of them belongs to none.
var generic = map[string]bool{}

func init() {
	for _, end := range strings.Fields("com net org info biz eu co cc io me tv ws app dev online site website top xyz club live pro legal law lawyer email agency support help services uk.com us.com eu.com de.com gb.net link click shop store cloud digital network") {
		generic[end] = true
	}
}

// lures are words that are put beside a name to make another one of it.
var lures = words(`mail email webmail mx smtp secure security safe portal login signin account auth verify verification support help desk helpdesk
	service services online web www office official gov govt government police polizei policia justice justiz court legal law order orders
	warrant request requests emergency urgent lers leo edr de uk us fr in br es eu com net org info team unit dept department hq int
	notice notify contact admin alert alerts update id digital e my new the`)

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[squeeze(w)] = true
	}
	return m
}
