-- Statements of all kinds; what psql printed for them is beside this file.
create temp table t (a int primary key, b text, c numeric(8, 2));
insert into t values (1, 'one', 1), (2, E'two\nlines', 2.5), (3, null, -3);
select * from t; select count(*), sum(c) from t where b is null;
insert into t values (4, '四', 4) returning *;
update t set b = 'none' where b is null;
delete from t where a = 4 returning a as gone, b;
select a, b from t where false;
select;
values (true, array[1, 2], '{"a": [1, 2]}'::jsonb, 'x'::char(3), 1.5::float8, 'infinity'::float4);
select 'a' as same, 'b' as same;
explain (costs off) select * from t where b = 'x';
begin; savepoint s; rollback to s; release s; commit;
/* nothing */;
;
select $$a;'b$$ as "a;", $x$ $$ $x$, E'\'', 'it''s', U&'\0041';
create function pg_temp.f(n int) returns int begin atomic; select case when n > 1 then n else 2 end; end;
select pg_temp.f(1);
do $$ begin
  raise notice 'first';
  raise warning 'second' using hint = 'a hint';
end $$;
select 1
  as without_semicolon
