selec 1;
select 1 frm x;
select nope,
  2 from pg_class;
select 1/0;
create temp table t (a int check (a > 0));
insert into t values (-1);
select lenght('x');
begin;
select * from nowhere;
select 1;
commit;
select 'still here';
do $$ begin execute 'select missing'; end $$;
select (1;
select 2);
select 'unfinished;
