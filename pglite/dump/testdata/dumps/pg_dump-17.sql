--
-- PostgreSQL database dump
--

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 17.5

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: kind; Type: TYPE; Schema: public; Owner: postgres
--

CREATE TYPE public.kind AS ENUM (
    'a',
    'b;'
);


ALTER TYPE public.kind OWNER TO postgres;

--
-- Name: f(integer); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.f(x integer) RETURNS text
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT
         CASE x
             WHEN 1 THEN ';'::text
             ELSE 'end'::text
         END AS "case";
END;


ALTER FUNCTION public.f(x integer) OWNER TO postgres;

--
-- Name: g(); Type: FUNCTION; Schema: public; Owner: postgres
--

CREATE FUNCTION public.g() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$BEGIN NEW.name := NEW.name || '; $x$'; RETURN NEW; END$_$;


ALTER FUNCTION public.g() OWNER TO postgres;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: item; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.item (
    id integer NOT NULL,
    kind public.kind DEFAULT 'a'::public.kind,
    name text NOT NULL,
    data bytea,
    "weird; ""name""" text,
    CONSTRAINT "item_weird; ""name""_check" CHECK (("weird; ""name""" <> ';'::text))
);


ALTER TABLE public.item OWNER TO postgres;

--
-- Name: TABLE item; Type: COMMENT; Schema: public; Owner: postgres
--

COMMENT ON TABLE public.item IS 'it''s; an item';


--
-- Name: counted; Type: MATERIALIZED VIEW; Schema: public; Owner: postgres
--

CREATE MATERIALIZED VIEW public.counted AS
 SELECT count(*) AS n
   FROM public.item
  WITH NO DATA;


ALTER MATERIALIZED VIEW public.counted OWNER TO postgres;

--
-- Name: item_id_seq; Type: SEQUENCE; Schema: public; Owner: postgres
--

ALTER TABLE public.item ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.item_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: named; Type: VIEW; Schema: public; Owner: postgres
--

CREATE VIEW public.named AS
 SELECT item.name
   FROM public.item
  WHERE (item.kind = 'b;'::public.kind);


ALTER VIEW public.named OWNER TO postgres;

--
-- Name: numbers; Type: SEQUENCE; Schema: public; Owner: postgres
--

CREATE SEQUENCE public.numbers
    START WITH 5
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


ALTER SEQUENCE public.numbers OWNER TO postgres;

--
-- Name: part; Type: TABLE; Schema: public; Owner: small_owner
--

CREATE TABLE public.part (
    day date NOT NULL,
    amount numeric
)
PARTITION BY RANGE (day);


ALTER TABLE public.part OWNER TO small_owner;

--
-- Name: part_2024; Type: TABLE; Schema: public; Owner: postgres
--

CREATE TABLE public.part_2024 (
    day date NOT NULL,
    amount numeric
);


ALTER TABLE public.part_2024 OWNER TO postgres;

--
-- Name: part_2024; Type: TABLE ATTACH; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.part ATTACH PARTITION public.part_2024 FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');


--
-- Name: 30001..30002; Type: BLOB METADATA; Schema: -; Owner: postgres
--

SELECT pg_catalog.lo_create('30001');
SELECT pg_catalog.lo_create('30002');

ALTER LARGE OBJECT 30001 OWNER TO postgres;
ALTER LARGE OBJECT 30002 OWNER TO postgres;

--
-- Data for Name: item; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.item (id, kind, name, data, "weird; ""name""") FROM stdin;
1	a	tab\tnewline\nbackslash\\ ü	\\x00ff	\N
2	b;	\\.	\N	\\N
3	\N		\\x	
\.


--
-- Data for Name: part_2024; Type: TABLE DATA; Schema: public; Owner: postgres
--

COPY public.part_2024 (day, amount) FROM stdin;
2024-05-06	7.50
2024-12-31	\N
\.


--
-- Name: item_id_seq; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.item_id_seq', 3, true);


--
-- Name: numbers; Type: SEQUENCE SET; Schema: public; Owner: postgres
--

SELECT pg_catalog.setval('public.numbers', 5, true);


--
-- Data for Name: 30001..30002; Type: BLOBS; Schema: -; Owner: postgres
--

BEGIN;

SELECT pg_catalog.lo_open('30001', 131072);
SELECT pg_catalog.lowrite(0, '\x00ff5c');
SELECT pg_catalog.lo_close(0);

SELECT pg_catalog.lo_open('30002', 131072);
SELECT pg_catalog.lowrite(0, '\x78');
SELECT pg_catalog.lo_close(0);

COMMIT;

--
-- Name: item item_pkey; Type: CONSTRAINT; Schema: public; Owner: postgres
--

ALTER TABLE ONLY public.item
    ADD CONSTRAINT item_pkey PRIMARY KEY (id);


--
-- Name: item t; Type: TRIGGER; Schema: public; Owner: postgres
--

CREATE TRIGGER t BEFORE UPDATE ON public.item FOR EACH ROW EXECUTE FUNCTION public.g();


--
-- Name: TABLE item; Type: ACL; Schema: public; Owner: postgres
--

GRANT SELECT ON TABLE public.item TO small_owner;


--
-- Name: LARGE OBJECTS 30001..30002; Type: ACL; Schema: -; Owner: postgres
--

GRANT SELECT ON LARGE OBJECT 30001 TO small_owner;
GRANT SELECT ON LARGE OBJECT 30002 TO small_owner;

--
-- Name: counted; Type: MATERIALIZED VIEW DATA; Schema: public; Owner: postgres
--

REFRESH MATERIALIZED VIEW public.counted;


--
-- PostgreSQL database dump complete
--

