// Owns who may call, in words.

interface Access {
  public: boolean;
  anyRole: string[];
  scopes: string[];
}

/** `public`, `authenticated`, or `role a or b, scope s and t`. */
export function accessText({ public: open, anyRole, scopes }: Access): string {
  if (open) return 'public';
  const roles = anyRole.length > 0 ? [`role ${anyRole.join(' or ')}`] : [];
  const wanted = scopes.length > 0 ? [`scope ${scopes.join(' and ')}`] : [];
  return [...roles, ...wanted].join(', ') || 'authenticated';
}
