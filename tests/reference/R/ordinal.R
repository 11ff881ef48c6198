# Rscript ordinal.R <inputs> <outputs>: reference values of MASS's polr and ordinal's clm; Brant's test by formula
# and as car's poTest, which does not transpose the covariance between cuts.
library(MASS)
library(ordinal)
library(car)
folders <- commandArgs(trailingOnly = TRUE)
read <- function(name) read.csv(file.path(folders[1], paste0(name, ".csv")), stringsAsFactors = FALSE)
found <- list()
note <- function(analysis, term, quantity, value) {
  found[[length(found) + 1]] <<- data.frame(analysis = analysis, term = term, quantity = quantity,
                                            value = sprintf("%.17g", value))
}
brant <- function(x, y) {
  cuts <- max(y) - 1
  p <- ncol(x) - 1
  fits <- lapply(seq_len(cuts), function(cut) {
    control <- glm.control(epsilon = 1e-15, maxit = 200)
    first <- glm.fit(x, as.numeric(y > cut), family = binomial(), control = control)
    glm.fit(x, as.numeric(y > cut), family = binomial(), control = control, start = first$coefficients)
  })
  share <- lapply(fits, function(fit) plogis(drop(x %*% fit$coefficients)))
  bread <- lapply(share, function(pi) solve(crossprod(x, pi * (1 - pi) * x)))
  v <- matrix(0, cuts * p, cuts * p)
  for (i in seq_len(cuts)) for (j in i:cuts) {
    part <- (bread[[i]] %*% crossprod(x, (share[[j]] - share[[i]] * share[[j]]) * x) %*% bread[[j]])[-1, -1]
    v[(i - 1) * p + 1:p, (j - 1) * p + 1:p] <- part
    v[(j - 1) * p + 1:p, (i - 1) * p + 1:p] <- t(part)
  }
  beta <- unlist(lapply(fits, function(fit) fit$coefficients[-1]))
  apart <- cbind(-1, diag(cuts - 1)) %x% diag(p)
  chi2 <- function(rows) drop(t(rows %*% beta) %*% solve(rows %*% v %*% t(rows), rows %*% beta))
  list(all = chi2(apart), each = sapply(1:p, function(k) chi2(apart[(seq_len(nrow(apart)) - 1) %% p == k - 1, , drop = FALSE])))
}
model <- function(name, formula, data, weights = rep(1, nrow(data)), brant = TRUE) {
  data$case_weight <- weights
  environment(formula) <- environment()
  exact <- clm(formula, data = data, weights = case_weight, control = clm.control(gradTol = 1e-11, maxIter = 500L))
  note(name, names(exact$beta), "coefficient", unname(exact$beta))
  note(name, names(exact$alpha), "threshold", unname(exact$alpha))
  note(name, names(coef(exact)), "std_error", sqrt(diag(vcov(exact))))
  note(name, "model", "log_likelihood", as.numeric(logLik(exact)))
  plain <- polr(formula, data = data, weights = case_weight, Hess = TRUE,
                control = list(reltol = 1e-16, maxit = 5000))
  note(name, names(coef(plain)), "polr", signif(unname(coef(plain)), 6))  # as far as its quasi-Newton method goes
  for (term in attr(terms(formula), "term.labels")) {
    if (term %in% c("aspirin", "volume") && any(grepl(":", attr(terms(formula), "term.labels")))) next
    reduced <- update(exact, paste(". ~ . -", term))
    note(name, term, "likelihood_ratio", 2 * as.numeric(logLik(exact) - logLik(reduced)))
  }
  if (!brant) return(invisible(exact))
  test <- brant(model.matrix(plain), as.integer(model.response(model.frame(plain))))
  note(name, "model", "brant", test$all)
  note(name, names(coef(plain)), "brant_term", test$each)
  note(name, "model", "brant_car", poTest(plain)$chisq)
  invisible(exact)
}
stroke <- read("stroke")
stroke$mrs <- factor(stroke$mrs, ordered = TRUE)
stroke$region <- factor(stroke$region, levels = c("lobar", "deep", "brainstem"))
model("stroke", mrs ~ aspirin + age + severe + region, stroke)
fit <- model("stroke_modified", mrs ~ aspirin + age + volume + aspirin:volume, stroke)
v <- vcov(fit)[c("aspirin", "aspirin:volume"), c("aspirin", "aspirin:volume")]
for (value in c(2, 10, 30)) {
  factors <- c(1, value)
  note("stroke_modified", paste("at", value), "log_odds_ratio", sum(factors * fit$beta[c("aspirin", "aspirin:volume")]))
  note("stroke_modified", paste("at", value), "log_odds_error", sqrt(drop(factors %*% v %*% factors)))
}
model("stroke_weighted", mrs ~ aspirin + age + severe, stroke, weights = stroke$weight, brant = FALSE)
gbsg2 <- read("gbsg2")
gbsg2$tgrade <- factor(gbsg2$tgrade, levels = c("I", "II", "III"), ordered = TRUE)
gbsg2$horTh <- factor(gbsg2$horTh, levels = c("no", "yes"))
model("gbsg2", tgrade ~ horTh + age + tsize + pnodes, gbsg2)
write.csv(do.call(rbind, found), file.path(folders[2], "ordinal.csv"), row.names = FALSE, quote = FALSE)
