create temp table t (a int, b text);
copy t from stdin; select 'the rest of the line';
1	one
2	\N
3	a\tb\\.
\.
copy t (b, a) from stdin with (format csv, header);
b,a
"x, ""y""
z",4
\.
copy t to stdout;
copy (select * from t order by a desc) to stdout with (format csv, header);
copy t from stdin;
not a number	5
6	six
\.
copy t from stdin;
\.
select * from t;
copy t from stdin;
7	at the end
