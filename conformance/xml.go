package conformance

import "github.com/stretchr/testify/require"

// testXML checks the xml type, which libxml2 serves.
func testXML(a *area) {
	a.run("Parse", func(s *session) {
		s.want(`SELECT xmlparse(DOCUMENT '<?xml version="1.0"?><book><title>Manual</title></book>')`, `<book><title>Manual</title></book>`)
		s.want(`SELECT xmlparse(CONTENT 'abc<foo>bar</foo><bar>foo</bar>'), xmlserialize(CONTENT '<a/>'::xml AS text)`, `abc<foo>bar</foo><bar>foo</bar>|<a/>`)
		s.fails("2200M", `SELECT xmlparse(DOCUMENT 'text')`)
		e := s.fails("2200N", `SELECT '<a>'::xml`)
		require.Equal(s, "invalid XML content", e.Message)
		require.NotEmpty(s, e.Detail)
		s.want(`SELECT xml_is_well_formed('<a'), xml_is_well_formed_document('<a/>'), xml_is_well_formed_content('x<a/>'), '<a/>' IS DOCUMENT, 'x'::xml IS DOCUMENT`, "f|t|t|t|f")
		s.fails("42883", `SELECT '<a/>'::xml = '<a/>'::xml`)
	})
	a.run("Construct", func(s *session) {
		s.want(`SELECT xmlelement(name foo, xmlattributes('a&b' AS bar, 1 AS n), 'cont<ent', xmlelement(name "in side"))`,
			`<foo bar="a&amp;b" n="1">cont&lt;ent<in_x0020_side/></foo>`)
		s.want(`SELECT xmlforest(1 AS a, 'x' AS b, NULL AS c), xmlconcat('<a/>', 'text', '<b/>'), xmlpi(name php, 'echo'), xmlcomment('hi'), xmlroot('<a/>', version '1.0', standalone yes)`,
			`<a>1</a><b>x</b>|<a/>text<b/>|<?php echo?>|<!--hi-->|<?xml version="1.0" standalone="yes"?><a/>`)
		s.want(`SELECT xmlagg(x ORDER BY n) FROM (VALUES (2, '<b/>'::xml), (1, '<a/>')) v (n, x)`, `<a/><b/>`)
		s.fails("2200S", `SELECT xmlcomment('a--b')`)
	})
	a.run("XPath", func(s *session) {
		s.exec(`CREATE TABLE t (x xml); INSERT INTO t VALUES ('<r><e id="1">v1</e><e id="2">v2 &amp; more</e></r>')`)
		s.want(`SELECT xpath('/r/e/text()', x), xpath('//e[@id="2"]', x), xpath('count(//e)', x), xpath('//@id', x) FROM t`,
			`{v1,"v2 &amp; more"}|{"<e id=\"2\">v2 &amp; more</e>"}|{2}|{1,2}`)
		s.want(`SELECT xpath_exists('/r/f', x), xmlexists('//e' PASSING x) FROM t`, "f|t")
		s.want(`SELECT xpath('//m:a/text()', '<x xmlns:m="http://m.com"><m:a>in</m:a></x>', ARRAY[ARRAY['m', 'http://m.com']])`, "{in}")
		s.fails(s.xpathErrorCode(), `SELECT xpath('///[', '<a/>')`)
	})
	a.run("Table", func(s *session) {
		s.want(`SELECT t.* FROM xmltable('/rows/row' PASSING '<rows><row id="1"><n>one</n><s unit="km">1.5</s></row><row id="2"><n>two</n></row></rows>'
			COLUMNS id int PATH '@id', pos FOR ORDINALITY, name text PATH 'n', size numeric PATH 's', unit text PATH 's/@unit' DEFAULT 'none') AS t`,
			"1|1|one|1.5|km", "2|2|two|∅|none")
		s.fails("22004", `SELECT * FROM xmltable('/r' PASSING '<r/>' COLUMNS a int PATH 'a' NOT NULL)`)
	})
	a.run("Mapping", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x<y'), (2, NULL)`)
		s.want(`SELECT query_to_xml('SELECT * FROM t ORDER BY a', false, true, '')`, "<row xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n  <a>1</a>\n  <b>x&lt;y</b>\n</row>\n\n"+
			"<row xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n  <a>2</a>\n</row>\n\n")
		require.Contains(s, s.value(`SELECT table_to_xmlschema('t', true, false, '')`), `<xsd:element name="a" type="INTEGER" nillable="true">`)
	})
	a.run("Indent", func(s *session) {
		s.needs(16, "XMLSERIALIZE with INDENT")
		s.want(`SELECT rtrim(xmlserialize(DOCUMENT '<a><b><c>x</c></b></a>' AS text INDENT), E'\n')`, "<a>\n  <b>\n    <c>x</c>\n  </b>\n</a>")
	})
	a.run("NoEntitiesFromOutside", func(s *session) {
		s.want(`SELECT xmlparse(DOCUMENT '<!DOCTYPE a [<!ENTITY e "expanded">]><a>&e;</a>')::text`, `<!DOCTYPE a [<!ENTITY e "expanded">]><a>&e;</a>`)
		_, err := s.run(`SELECT xpath('/a/text()', xmlparse(DOCUMENT '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'))`)
		if err == nil {
			rows := s.query(`SELECT xpath('/a/text()', xmlparse(DOCUMENT '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'))`)
			require.NotContains(s, rows[0], "root:")
		}
		s.want(`SELECT 1`, "1")
	})
}

// xpathErrorCode is the SQLSTATE of an XPath expression that does not compile, which became a code of its own in 18.
func (s *session) xpathErrorCode() string {
	if s.server.version >= 180000 {
		return "10608"
	}
	return "XX000"
}
