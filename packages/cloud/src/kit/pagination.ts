export interface Page<T> {
  readonly items: readonly T[];
  readonly page: number;
  readonly perPage: number;
  readonly total: number;
  /** At least 1. */
  readonly lastPage: number;
}

/** Cuts a list by its 1-based page number. Senseless numbers mean the defaults, as vendors do. */
export function paginate<T>(
  all: readonly T[],
  query: { readonly page?: string | undefined; readonly perPage?: string | undefined },
  limits: { readonly perPage: number; readonly maximum: number },
): Page<T> {
  const page = positive(query.page) ?? 1;
  const perPage = Math.min(positive(query.perPage) ?? limits.perPage, limits.maximum);
  return {
    items: all.slice((page - 1) * perPage, page * perPage),
    page,
    perPage,
    total: all.length,
    lastPage: Math.max(1, Math.ceil(all.length / perPage)),
  };
}

function positive(text: string | undefined): number | undefined {
  const number = Number(text);
  return Number.isInteger(number) && number > 0 ? number : undefined;
}

export interface PageLinks {
  readonly first?: string;
  readonly prev?: string;
  readonly next?: string;
  readonly last?: string;
}

/** The same address with another page number: links to the pages around this one, absent where there is none. */
export function pageLinks(address: string, page: Page<unknown>, parameter = "page"): PageLinks {
  const at = (number: number): string => {
    const url = new URL(address);
    url.searchParams.set(parameter, String(number));
    return url.href;
  };
  return {
    ...(page.page > 1 && { first: at(1), prev: at(page.page - 1) }),
    ...(page.page < page.lastPage && { next: at(page.page + 1), last: at(page.lastPage) }),
  };
}

/** RFC 8288 `Link` header, as GitHub sends it; undefined where all fits on one page. */
export function linkHeader(links: PageLinks): string | undefined {
  const parts = Object.entries(links).map(([relation, url]) => `<${String(url)}>; rel="${relation}"`);
  return parts.length > 0 ? parts.join(", ") : undefined;
}
